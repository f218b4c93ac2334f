import Datasets

/// One curve over samples.
public struct PlotSeries: Sendable, Equatable {
    /// What the curve shows.
    public var name: String
    /// Points by rising samples.
    public var points: [(samples: Double, value: Double)]

    /// Whether name and points are equal.
    public static func == (a: PlotSeries, b: PlotSeries) -> Bool {
        a.name == b.name && a.points.elementsEqual(b.points) { $0.samples == $1.samples && $0.value == $1.value }
    }
}

/// The curves of a run, one panel below another.
public enum RunPlot {
    private static let width = 900
    private static let panelHeight = 220
    private static let margin = (left: 90, right: 20, top: 30, bottom: 30)

    /// The curves in a log: loss, learning rate, throughput and each metric; those without points are left out.
    public static func series(_ lines: [LogLine]) -> [PlotSeries] {
        func curve(_ name: String, _ value: (LogLine) -> Double?) -> PlotSeries {
            PlotSeries(
                name: name,
                points: lines.compactMap { line in
                    value(line).flatMap { $0.isFinite ? (Double(line.samples), $0) : nil }
                }
            )
        }
        let metrics = Set(lines.flatMap { $0.metrics.map { Array($0.keys) } ?? [] }).sorted()
        return
            ([curve("loss", \.loss), curve("rate", \.rate), curve("images/s", \.imagesPerSecond)]
            + metrics.map { name in curve(name) { $0.metrics?[name] } }).filter { !$0.points.isEmpty }
    }

    /// Draws curves as a PNG.
    public static func png(_ series: [PlotSeries]) throws(TrainingError) -> [UInt8] {
        var canvas = Canvas(width: width, height: max(1, series.count) * panelHeight)
        for (index, curve) in series.enumerated() { draw(curve, top: index * panelHeight, on: &canvas) }
        do {
            return try ImageCodec.encodePNG(canvas.pixels)
        } catch {
            throw .file(path: "the plot", reason: "\(error)")
        }
    }

    private static func draw(_ curve: PlotSeries, top: Int, on canvas: inout Canvas) {
        let values = curve.points.map(\.value)
        let (low, high) = (values.min() ?? 0, values.max() ?? 1)
        let span = high > low ? high - low : max(abs(high), 1) * 0.1
        let bottomValue = high > low ? low : low - span / 2
        let lastSample = max(curve.points.last?.samples ?? 1, 1)
        let plotWidth = Double(width - margin.left - margin.right)
        let plotHeight = Double(panelHeight - margin.top - margin.bottom)
        let base = Double(top + panelHeight - margin.bottom)
        canvas.text(curve.name, x: margin.left, y: top + 8, .black, scale: 2)
        for tick in 0...4 {
            let y = Int(base - plotHeight * Double(tick) / 4)
            canvas.horizontal(margin.left..<width - margin.right, y: y, .pale)
            canvas.text(ProgressLine.short(bottomValue + span * Double(tick) / 4), x: 8, y: y - 3, .grey, scale: 1)
            let x = margin.left + Int(plotWidth * Double(tick) / 4)
            canvas.text(ProgressLine.short(lastSample * Double(tick) / 4), x: x - 10, y: Int(base) + 10, .grey)
        }
        let places = curve.points.map { point in
            (
                x: Double(margin.left) + plotWidth * point.samples / lastSample,
                y: base - plotHeight * (point.value - bottomValue) / span
            )
        }
        for (start, end) in zip(places, places.dropFirst()) { canvas.line(from: start, to: end, .blue) }
        if places.count == 1 { canvas.line(from: places[0], to: (places[0].x + 3, places[0].y), .blue) }
    }
}
