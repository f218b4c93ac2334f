public import Configs

/// Weighs the error of the clean image by the signal-to-noise ratio, cut to a range.
///
/// With the range wide open this is what uniform weighting of a noise prediction does to the clean image. `minimum: 1`
/// is the truncated weighting of progressive distillation.
///
/// Source: Salimans and Ho 2022, section 4.
public struct SNRWeighting: LossWeighting {
    /// `snr`.
    public static let name = "snr"
    /// The paper that studied it.
    public static let reference = Reference(
        title: "Progressive Distillation for Fast Sampling of Diffusion Models",
        year: 2022,
        link: "arXiv:2202.00512",
        equations: "section 4"
    )

    /// The least weight on the clean image's error, at least 0.
    public var minimum = 0.0
    /// The largest weight on the clean image's error, more than `minimum`; 10^4 is the ratio at DDPM's first step.
    public var maximum = 1e4

    /// The defaults.
    public init() {}

    /// Checks the order of the bounds.
    public func validate() throws(ConfigError) {
        try ConfigError.require(
            minimum >= 0 && minimum.isFinite,
            "minimum",
            found: minimum,
            expected: "a number of at least 0"
        )
        try ConfigError.require(
            maximum > minimum && maximum.isFinite,
            "maximum",
            found: maximum,
            expected: "a number above minimum"
        )
    }

    /// The cut ratio times `output^2`.
    public func weight(at t: Double, _ schedule: any NoiseSchedule, _ preconditioning: Preconditioning) -> Double {
        let output = preconditioning.output
        return min(maximum, max(minimum, schedule.signalToNoise(t))) * output * output
    }
}
