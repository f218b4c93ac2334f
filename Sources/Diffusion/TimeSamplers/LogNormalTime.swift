public import Buffers
public import Configs
import RealModule

/// The logarithm of the noise ratio `sigma / alpha` is normal.
///
/// Ratios that the schedule does not reach are cut to its ends.
///
/// Source: Karras et al. 2022, table 1 (`P_mean`, `P_std`).
public struct LogNormalTime: TimeSampler {
    /// `log-normal`.
    public static let name = "log-normal"
    /// The paper that proposed it.
    public static let reference = Reference(
        title: "Elucidating the Design Space of Diffusion-Based Generative Models",
        year: 2022,
        link: "arXiv:2206.00364",
        equations: "table 1"
    )

    /// The mean of `ln(sigma / alpha)`.
    public var mean = -1.2
    /// The standard deviation of `ln(sigma / alpha)`, more than 0.
    public var deviation = 1.2

    /// The defaults.
    public init() {}

    /// Checks the ranges.
    public func validate() throws(ConfigError) {
        try ConfigError.require(abs(mean) <= 20, "mean", found: mean, expected: "a number from -20 to 20")
        try ConfigError.require(
            deviation > 0 && deviation <= 20,
            "deviation",
            found: deviation,
            expected: "a number above 0, at most 20"
        )
    }

    /// The level of a log-normal noise ratio.
    public func time(
        ofSample id: UInt64,
        _ schedule: any NoiseSchedule,
        at progress: Progress,
        using random: inout RandomStream
    ) -> Double {
        schedule.time(noiseRatio: .exp(mean + deviation * random.normal()))
    }
}
