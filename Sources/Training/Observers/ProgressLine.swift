import Configs

/// The words of a progress display: share, rate, loss, learning rate and time left.
struct ProgressLine {
    private let fraction: Double
    private let facts: String

    init(
        _ report: StepReport,
        loss: Double?,
        since start: (samples: UInt64, time: ContinuousClock.Instant),
        now: ContinuousClock.Instant
    ) {
        fraction = report.progress.fraction
        let seconds = (now - start.time) / .seconds(1)
        let done = Double(report.progress.samples - start.samples)
        let speed = seconds > 0 && done > 0 ? done / seconds : report.imagesPerSecond
        let left = Double(report.progress.plannedSamples - min(report.progress.samples, report.progress.plannedSamples))
        let parts = [
            "\(ProgressLine.short(speed)) images/s", loss.map { "loss \(ProgressLine.short($0))" },
            "rate \(ProgressLine.short(report.rate))", "\(ProgressLine.time(left / max(speed, 1e-9))) left",
        ]
        facts = parts.compactMap { $0 }.joined(separator: "  ")
    }

    /// One line without control characters.
    var text: String { "\(percent)  \(facts)" }

    /// A bar of 30 cells with the same words.
    var bar: String {
        let filled = Int(fraction * 30)
        return "[" + String(repeating: "#", count: filled) + String(repeating: ".", count: 30 - filled) + "] " + text
    }

    private var percent: String {
        let text = "\(Int(fraction * 100))%"
        return String(repeating: " ", count: max(0, 4 - text.count)) + text
    }

    /// Three significant digits.
    static func short(_ value: Double) -> String {
        guard value.isFinite else { return "\(value)" }
        let size = abs(value)
        guard size > 0 else { return "0" }
        guard size >= 1e-3, size < 1e6 else { return scientific(value) }
        let decimals = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 4
        var scale = 1.0
        for _ in 0..<decimals { scale *= 10 }
        let rounded = (value * scale).rounded() / scale
        return decimals == 0 ? "\(Int(rounded))" : "\(rounded)"
    }

    private static func scientific(_ value: Double) -> String {
        var mantissa = value
        var exponent = 0
        while abs(mantissa) >= 10 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
        while abs(mantissa) < 1 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
        return "\((mantissa * 100).rounded() / 100)e\(exponent)"
    }

    /// Seconds as `1h 02m`, `3m 05s` or `12s`.
    static func time(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e9 else { return "unknown time" }
        let whole = Int(seconds.rounded())
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        if whole >= 3600 { return "\(whole / 3600)h \(two(whole % 3600 / 60))m" }
        return whole >= 60 ? "\(whole / 60)m \(two(whole % 60))s" : "\(whole)s"
    }
}
