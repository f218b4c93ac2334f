public import Configs

/// Weighs the error of the clean image by the inverse of the signal-to-noise ratio, at most by `maximum`.
///
/// It turns the emphasis of a noise prediction round: nearly clean images hardly count. On `F` the weight is
/// `min(1 / snr, maximum) output^2`.
///
/// Source: Hang et al. 2023, the weighting `inv_snr` of the authors' code; the bound is ours, for levels at which
/// nothing of the data is left.
public struct InverseSNR: LossWeighting {
    /// `inverse-snr`.
    public static let name = "inverse-snr"
    /// The paper whose code has it.
    public static let reference = Reference(
        title: "Efficient Diffusion Training via Min-SNR Weighting Strategy",
        year: 2023,
        link: "arXiv:2303.09556",
        equations: "the authors' code"
    )

    /// The largest weight on the clean image's error, more than 0.
    public var maximum = 100.0

    /// The defaults.
    public init() {}

    /// Checks that the bound is positive.
    public func validate() throws(ConfigError) {
        try ConfigError.require(
            maximum > 0 && maximum.isFinite,
            "maximum",
            found: maximum,
            expected: "a number above 0"
        )
    }

    /// The bounded inverse ratio times `output^2`.
    public func weight(at t: Double, _ schedule: any NoiseSchedule, _ preconditioning: Preconditioning) -> Double {
        min(maximum, 1 / schedule.signalToNoise(t)) * preconditioning.output * preconditioning.output
    }
}
