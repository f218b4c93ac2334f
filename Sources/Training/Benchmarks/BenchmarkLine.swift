import Foundation

/// One measurement, in the form that other programs' measurements have too.
public struct BenchmarkLine: Encodable, Sendable {
    /// What was measured.
    public var name: String
    /// The settings it was measured with.
    public var config: [String: String]
    /// The unit of the times.
    public var unit = "s"
    /// The median time.
    public var median: Double
    /// The shortest time.
    public var min: Double
    /// The longest time.
    public var max: Double
    /// How often it was measured.
    public var n: Int
    /// Images per second at the median, for steps.
    public var imagesPerS: Double?
    /// GFLOP per second at the median, for kernels with a known count.
    public var gflops: Double?
    /// The most memory the process has used, in MiB.
    public var peakRssMb: Double
    /// Parameters of the network, for steps.
    public var params: Int?

    /// The statistics of at least one time in seconds.
    public init(name: String, config: [String: String], times: [Double]) {
        precondition(!times.isEmpty, "no times of \(name)")
        let sorted = times.sorted()
        self.name = name
        self.config = config
        median = sorted[sorted.count / 2]
        min = sorted[0]
        max = sorted[sorted.count - 1]
        n = sorted.count
        peakRssMb = BenchmarkLine.peakMemory()
    }

    private static func peakMemory() -> Double {
        var usage = rusage()
        // RUSAGE_SELF, which the C library declares with a type of its own.
        unsafe getrusage(0, &usage)
        return Double(usage.ru_maxrss) / 1024
    }
}

/// Repeats work until a time is over.
enum Repeat {
    /// The times in seconds of `body`, after `warmup` runs that are not counted; at least 3.
    static func times(seconds: Double, warmup: Int, _ body: () -> Void) -> [Double] {
        for _ in 0..<warmup { body() }
        let clock = ContinuousClock()
        let start = clock.now
        var times: [Double] = []
        while times.count < 3 || (clock.now - start) / .seconds(1) < seconds {
            times.append(clock.measure(body) / .seconds(1))
        }
        return times
    }
}
