public import Configs
import RealModule

/// Mixes input and network so that the network's input and target have unit variance at every noise level.
///
/// With `s = sigma / alpha` and `d = sigma_data` these are the paper's coefficients for the image `x_t / alpha`:
/// `c_skip = d^2 / (s^2 + d^2)`, `c_out = s d / sqrt(s^2 + d^2)`, `c_in = 1 / sqrt(s^2 + d^2)`, label `ln(s) / 4` times
/// `label_scale`; written in `alpha` and `sigma` they stay finite where nothing is left of the data.
///
/// Source: Karras et al. 2022, table 1 and equation 7.
public struct EDMPrediction: Prediction {
    /// `edm`.
    public static let name = "edm"
    /// The paper that proposed it.
    public static let reference = Reference(
        title: "Elucidating the Design Space of Diffusion-Based Generative Models",
        year: 2022,
        link: "arXiv:2206.00364",
        equations: "table 1, equation 7"
    )

    /// The standard deviation of the data, more than 0.
    public var sigmaData = 0.5
    /// What `ln(sigma / alpha) / 4` is multiplied by; 1 as in the paper, 1000 spreads it over the features of DDPM's
    /// networks.
    public var labelScale = 1000.0

    /// Ratios are cut to this and its inverse before the logarithm.
    private static let largestRatio = 1e8

    /// The defaults.
    public init() {}

    /// Checks that both numbers are positive.
    public func validate() throws(ConfigError) {
        try ConfigError.require(
            sigmaData > 0 && sigmaData.isFinite,
            "sigmaData",
            found: sigmaData,
            expected: "a number above 0"
        )
        try ConfigError.require(
            labelScale > 0 && labelScale.isFinite,
            "labelScale",
            found: labelScale,
            expected: "a number above 0"
        )
    }

    /// The coefficients at a noise level.
    public func preconditioning(at t: Double, _ schedule: any NoiseSchedule) -> Preconditioning {
        let (alpha, sigma) = (schedule.alpha(t), schedule.sigma(t))
        let square = sigma * sigma + alpha * alpha * sigmaData * sigmaData
        let root = square.squareRoot()
        let ratio = min(Self.largestRatio, max(1 / Self.largestRatio, sigma / alpha))
        return Preconditioning(
            inputScale: 1 / root,
            noiseLabel: labelScale * .log(ratio) / 4,
            skip: alpha * sigmaData * sigmaData / square,
            output: sigma * sigmaData / root,
            targetData: sigma / (sigmaData * root),
            targetNoise: -alpha * sigmaData / root
        )
    }
}
