public import Configs
import RealModule

/// A linear rise from 0, then half a cosine down to a fraction of the base rate at the planned end.
///
/// `s / warmup` for s samples below `warmup`, else `f + (1 - f) (1 + cos(pi p)) / 2` with
/// `p = (s - warmup) / (planned - warmup)` in `[0, 1]`.
///
/// Source: Loshchilov and Hutter 2016, arXiv:1608.03983, equation 5, with the warm-up of Goyal et al. 2017, arXiv:1706.02677, section 2.2.
public struct WarmupCosine: LearningRateSchedule {
    /// The word in run files.
    public static let name = "warmup-cosine"
    /// Where the schedule is described.
    public static let reference = Reference(
        title: "SGDR: Stochastic Gradient Descent with Warm Restarts",
        year: 2016,
        link: "arXiv:1608.03983",
        equations: "equation 5"
    )

    /// Samples until the base rate is reached; 0 starts there.
    public var warmup: SampleCount = 16_384
    /// The rate at the end as a fraction of the base rate, in `[0, 1]`.
    public var finalFraction = 0.0

    /// The schedule with its defaults.
    public init() {}

    /// Checks the range.
    public func validate() throws(ConfigError) {
        try ConfigError.require(
            finalFraction >= 0 && finalFraction <= 1,
            "finalFraction",
            found: finalFraction,
            expected: "in [0, 1]"
        )
    }

    /// The factor at a number of samples.
    public func multiplier(at progress: Progress) -> Double {
        let samples = Double(progress.samples)
        let rise = Double(warmup.rawValue)
        if samples < rise { return samples / rise }
        let span = Double(progress.plannedSamples) - rise
        let part = span > 0 ? min(1, (samples - rise) / span) : 1
        return finalFraction + (1 - finalFraction) * 0.5 * (1 + Double.cos(.pi * part))
    }
}
