public import Buffers
public import Configs
import RealModule

/// The logit `ln(t / (1 - t))` is normal: the middle of the path is trained most.
///
/// Source: Esser et al. 2024, equation 19.
public struct LogitNormalTime: TimeSampler {
    /// `logit-normal`.
    public static let name = "logit-normal"
    /// The paper that proposed it.
    public static let reference = Reference(
        title: "Scaling Rectified Flow Transformers for High-Resolution Image Synthesis",
        year: 2024,
        link: "arXiv:2403.03206",
        equations: "equation 19"
    )

    /// The mean of the logit; above 0 trains noisier images.
    public var mean = 0.0
    /// The standard deviation of the logit, more than 0.
    public var deviation = 1.0

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

    /// The logistic function of a normal number.
    public func time(
        ofSample id: UInt64,
        _ schedule: any NoiseSchedule,
        at progress: Progress,
        using random: inout RandomStream
    ) -> Double {
        1 / (1 + .exp(-(mean + deviation * random.normal())))
    }
}
