import Coordination

/// Rounds that count, for the curves of the dashboard; thinned out when there are many.
struct History: Sendable {
    /// Points that are kept at most.
    private static let capacity = 8192
    /// Points that are shown at most.
    private static let shown = 512
    /// Rounds over which the rate is taken.
    private static let window = 32

    private let start: Timestamp
    private var rows: [RoundRow]
    private var recent: [RoundRow] = []

    init(_ rows: [RoundRow], start: Timestamp) {
        self.rows = rows
        self.start = start
        thin()
    }

    /// Adds a round.
    mutating func add(_ row: RoundRow) {
        rows.append(row)
        recent.append(row)
        if recent.count > Self.window { recent.removeFirst() }
        thin()
    }

    /// Forgets what a roll back took away.
    mutating func truncate(after samples: UInt64) {
        rows.removeAll { $0.samples > samples }
        recent = []
    }

    /// Samples a second over the last rounds of this process.
    var rate: Double? {
        guard let first = recent.first, let last = recent.last, last.at > first.at else { return nil }
        return Double(last.samples - first.samples) * 1000 / Double(last.at - first.at)
    }

    /// Points for a curve, oldest first; the newest is always among them.
    var points: [HistoryPoint] {
        let stride = max(1, (rows.count + Self.shown - 1) / Self.shown)
        var points: [HistoryPoint] = []
        var index = (rows.count - 1) % stride
        var before: RoundRow?
        while index >= 0, index < rows.count {
            let row = rows[index]
            points.append(
                HistoryPoint(
                    samples: row.samples,
                    loss: row.loss,
                    imagesPerSecond: before.flatMap { Self.rate($0, row) },
                    seconds: Double(row.at - start) / 1000
                )
            )
            before = row
            index += stride
        }
        return points
    }

    private static func rate(_ before: RoundRow, _ row: RoundRow) -> Double? {
        guard row.at > before.at, row.samples > before.samples else { return nil }
        return Double(row.samples - before.samples) * 1000 / Double(row.at - before.at)
    }

    private mutating func thin() {
        while rows.count > Self.capacity {
            let last = rows.count - 1
            rows = rows.enumerated().filter { ($0.offset - last).isMultiple(of: 2) }.map(\.element)
        }
    }
}
