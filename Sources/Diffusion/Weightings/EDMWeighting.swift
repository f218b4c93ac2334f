public import Configs

/// Weighs the error of the clean image by `1 / c_out^2`, so that the network's error counts equally under the EDM
/// prediction.
///
/// With `s = sigma / alpha` and `d = sigma_data` this is `(s^2 + d^2) / (s d)^2 = snr + 1 / d^2` on the clean image,
/// hence exactly 1 on the network's output for `edm` with the same `sigma_data`.
///
/// Source: Karras et al. 2022, table 1 (`lambda`).
public struct EDMWeighting: LossWeighting {
    /// `edm`.
    public static let name = "edm"
    /// The paper that proposed it.
    public static let reference = Reference(
        title: "Elucidating the Design Space of Diffusion-Based Generative Models",
        year: 2022,
        link: "arXiv:2206.00364",
        equations: "table 1"
    )

    /// The standard deviation of the data, more than 0.
    public var sigmaData = 0.5

    /// Ratios above this count as this, so that the weight is finite where there is no noise.
    private static let largestRatio = 1e12

    /// The defaults.
    public init() {}

    /// Checks that the deviation is positive.
    public func validate() throws(ConfigError) {
        try ConfigError.require(
            sigmaData > 0 && sigmaData.isFinite,
            "sigmaData",
            found: sigmaData,
            expected: "a number above 0"
        )
    }

    /// `(snr + 1 / sigma_data^2) output^2`.
    public func weight(at t: Double, _ schedule: any NoiseSchedule, _ preconditioning: Preconditioning) -> Double {
        let ratio = min(Self.largestRatio, schedule.signalToNoise(t))
        return (ratio + 1 / (sigmaData * sigmaData)) * preconditioning.output * preconditioning.output
    }
}
