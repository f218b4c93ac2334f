public import Configs
import RealModule

/// Answers where the path of the probability-flow equation through the noised image ends, and at the least noise the
/// image itself.
///
/// With `s = sigma / alpha`, `d = sigma_data` and the least ratio `m = sigma_min` these are the paper's coefficients
/// for the image `x_t / alpha`: `c_skip = d^2 / ((s - m)^2 + d^2)`, `c_out = d (s - m) / sqrt(s^2 + d^2)`, and `c_in`
/// and the label of `edm`. For `s <= m` the answer is the image, whatever the network says, so that no target exists
/// there and its coefficients are 0.
///
/// Source: Song et al. 2023, equation 5 and appendix C.
public struct ConsistencyPrediction: Prediction {
    /// `consistency`.
    public static let name = "consistency"
    /// The paper that proposed it.
    public static let reference = Reference(
        title: "Consistency Models",
        year: 2023,
        link: "arXiv:2303.01469",
        equations: "equation 5, appendix C"
    )

    /// The standard deviation of the data, more than 0.
    public var sigmaData = 0.5
    /// The least noise ratio, at which the answer is the image; more than 0.
    public var sigmaMin = 0.002
    /// What `ln(sigma / alpha) / 4` is multiplied by to make the label; 1000 is the authors' `250 ln(sigma)`.
    ///
    /// Neighbouring levels must look alike to the network, or it cannot give them one answer: with 1000 their labels are tens apart, and
    /// the digits were never learned.
    public var labelScale = 20.0

    /// The defaults.
    public init() {}

    /// Checks that all numbers are positive.
    public func validate() throws(ConfigError) {
        for (key, value) in [("sigmaData", sigmaData), ("sigmaMin", sigmaMin), ("labelScale", labelScale)] {
            try ConfigError.require(value > 0 && value.isFinite, key, found: value, expected: "a number above 0")
        }
    }

    /// The coefficients at a noise level.
    public func preconditioning(at t: Double, _ schedule: any NoiseSchedule) -> Preconditioning {
        var edm = EDMPrediction()
        (edm.sigmaData, edm.labelScale) = (sigmaData, labelScale)
        var around = edm.preconditioning(at: t, schedule)
        let (alpha, sigma) = (schedule.alpha(t), schedule.sigma(t))
        let above = sigma - alpha * sigmaMin
        guard above > Self.rounding * sigma else {
            (around.skip, around.output, around.targetData, around.targetNoise) = (1 / alpha, 0, 0, 0)
            return around
        }
        let square = above * above + alpha * alpha * sigmaData * sigmaData
        around.skip = alpha * sigmaData * sigmaData / square
        around.output = sigmaData * above * around.inputScale
        around.targetData = above / (square * sigmaData * around.inputScale)
        around.targetNoise = -around.skip * sigma / around.output
        return around
    }

    /// A level is at the least ratio if it differs by less than schedules round.
    private static let rounding = 1e-9
}
