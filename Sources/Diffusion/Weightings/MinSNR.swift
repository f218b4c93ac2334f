public import Configs

/// Weighs the error of the clean image by the signal-to-noise ratio, but at most by `gamma`.
///
/// On `F` the weight is `min(snr, gamma) output^2`: `min(snr, gamma) / snr` for noise, `/ (snr + 1)` for velocity,
/// `c_out^2` times it for EDM. Where the ratio is 0 the weight is 1, as in the authors' code.
///
/// Source: Hang et al. 2023, equation 7 and section 3.4; the soft form is from Crowson et al. 2024, section 4.1.
public struct MinSNR: LossWeighting {
    /// `min-snr`.
    public static let name = "min-snr"
    /// The paper that proposed it.
    public static let reference = Reference(
        title: "Efficient Diffusion Training via Min-SNR Weighting Strategy",
        year: 2023,
        link: "arXiv:2303.09556",
        equations: "equation 7"
    )

    /// The largest weight on the clean image's error, more than 0.
    public var gamma = 5.0
    /// Whether the bound is approached smoothly, `snr gamma / (snr + gamma)`.
    public var soft = false

    /// The defaults.
    public init() {}

    /// Checks that the bound is positive.
    public func validate() throws(ConfigError) {
        try ConfigError.require(gamma > 0 && gamma.isFinite, "gamma", found: gamma, expected: "a number above 0")
    }

    /// The bounded ratio times `output^2`.
    public func weight(at t: Double, _ schedule: any NoiseSchedule, _ preconditioning: Preconditioning) -> Double {
        let ratio = schedule.signalToNoise(t)
        guard ratio > 0 else { return 1 }
        let bounded = soft ? gamma / (1 + gamma / ratio) : min(ratio, gamma)
        return bounded * preconditioning.output * preconditioning.output
    }
}
