import Foundation
import Tensors

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
    /// GFLOP of products, convolutions and attention of one repetition, in the direct form; nil without any.
    public var gflop: Double?
    /// GFLOP per second at the median.
    public var gflops: Double?
    /// What large products reach in the same run, in GFLOP per second.
    public var gemmPeakGflops: Double?
    /// `gflops` as a share of that; more than 1 where an algorithm takes fewer operations than the direct form.
    public var shareOfPeak: Double?
    /// Seconds from before the network is built to the end of the first step.
    public var firstStepS: Double?
    /// GB of the buffer per second at the median, for exchanges.
    public var algbwGbS: Double?
    /// GB that every member has to send, and to receive, per second at the median: `2 (n - 1) / n` of the buffer; for exchanges.
    public var busbwGbS: Double?
    /// The largest error of a value, for exchanges.
    public var largestError: Double?
    /// Where the time of a step went, if asked for.
    public var profile: StepProfile?
    /// The most memory the process has used, in MiB; for steps and samples, without what measuring the peak takes.
    public var peakRssMb: Double
    /// The most memory that activations and their gradients took at once, in MiB, for steps.
    public var activationsMb: Double?
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

    /// Adds what is known from the operations of `repetitions` measured repetitions and from the machine's peak.
    mutating func rate(operations: Int, repetitions: Int, peak: Double) {
        guard operations > 0 else { return }
        let work = 1e-9 * Double(operations) / Double(repetitions)
        gflop = work
        gflops = work / median
        gemmPeakGflops = peak
        shareOfPeak = work / median / peak
    }

    /// The most memory that the process has used so far, in MiB.
    static func peakMemory() -> Double {
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

extension ComputeType {
    /// The name in measurements of this and other systems.
    var name: String { self == .float32 ? "fp32" : "bf16" }
}
