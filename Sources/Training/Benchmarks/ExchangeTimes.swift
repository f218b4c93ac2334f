import Foundation

/// The measured exchanges of one way and one size.
public struct ExchangeTimes: Sendable, Equatable {
    /// The name of the way.
    public let name: String
    /// The number of float32 values.
    public let count: Int
    /// The members of the group.
    public let members: Int
    /// The time of each exchange in seconds, that of the slowest member; in the order of the turns.
    public var seconds: [Double] = []
    /// The largest error of a value.
    public var largestError: Float = 0

    /// No exchanges yet.
    public init(name: String, count: Int, members: Int) {
        self.name = name
        self.count = count
        self.members = members
    }

    /// The time of all exchanges in seconds.
    var total: Double { seconds.reduce(0, +) }

    /// The measurement with its settings, in the form of all measurements.
    public func line(_ config: [String: String]) -> BenchmarkLine {
        var config = config
        config["procs"] = "\(members)"
        config["mib"] = mebibytes
        var line = BenchmarkLine(name: name, config: config, times: seconds)
        let rate = 1e-9 * Double(4 * count) / max(line.median, 1e-9)
        line.algbwGbS = rate
        line.busbwGbS = rate * 2 * Double(members - 1) / Double(members)
        line.largestError = Double(largestError)
        return line
    }

    /// The size in MiB.
    var mebibytes: String {
        let size = Double(4 * count) / 1_048_576
        return size == size.rounded() ? "\(Int(size))" : String(format: "%.4g", size)
    }
}

/// How much longer another way takes than this program's, turn by turn.
public struct ExchangeRatio: Encodable, Sendable {
    /// What is divided by what.
    public let name: String
    /// The settings of both.
    public let config: [String: String]
    /// Always `ratio`.
    public let unit = "ratio"
    /// The median of the turns' ratios; above 1 this program is faster.
    public let median: Double
    /// The smallest ratio of a turn.
    public let min: Double
    /// A quarter of the turns are below it.
    public let lowerQuartile: Double
    /// A quarter of the turns are above it.
    public let upperQuartile: Double
    /// The largest ratio of a turn.
    public let max: Double
    /// The number of turns.
    public let n: Int

    /// The times of `other` over those of `own`, measured in turn.
    public init(of other: ExchangeTimes, over own: ExchangeTimes, config: [String: String]) {
        let ratios = zip(other.seconds, own.seconds).map { $0 / Swift.max($1, 1e-9) }.sorted()
        precondition(!ratios.isEmpty, "no turns of \(own.name)")
        name = "\(other.name)/\(own.name)"
        var config = config
        config["procs"] = "\(own.members)"
        config["mib"] = own.mebibytes
        self.config = config
        n = ratios.count
        median = ratios[n / 2]
        min = ratios[0]
        max = ratios[n - 1]
        lowerQuartile = ratios[n / 4]
        upperQuartile = ratios[3 * n / 4]
    }

    /// The line below the times of a table.
    public var text: String {
        func two(_ number: Double) -> String { String(format: "%.2f", number) }
        return
            "          \(name): \(two(median)), \(two(min)) to \(two(max)), half of the turns \(two(lowerQuartile)) to "
            + two(upperQuartile)
    }
}

extension ExchangeTimes {
    /// The head of a table of exchanges.
    public static let header =
        "     MiB  exchange          members   median ms      min ms      max ms      n    GB/s  link GB/s  largest error"

    /// A row of the table.
    public var row: String {
        let line = line([:])
        let label = name.padding(toLength: max(16, name.count), withPad: " ", startingAt: 0)
        let milliseconds = [line.median, line.min, line.max].map { String(format: "%12.3f", 1000 * $0) }.joined()
        return Self.right(mebibytes, 8) + "  " + label + Self.right("\(members)", 9) + milliseconds
            + Self.right("\(seconds.count)", 7) + String(format: "%8.3g", line.algbwGbS ?? 0)
            + String(format: "%11.3g", line.busbwGbS ?? 0) + String(format: "%15.3g", Double(largestError))
    }

    private static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}
