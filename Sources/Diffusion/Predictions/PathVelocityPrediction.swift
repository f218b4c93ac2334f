public import Configs

/// The network answers the velocity of the path from data to noise, `dx_t / dt = alpha' x_0 + sigma' noise`.
///
/// `clean = (sigma' x_t - sigma F) / (alpha sigma' - alpha' sigma)`; the divisor is positive because the ratio
/// `alpha / sigma` falls. On the rectified flow this is `flow`; on `cosine` without offsets it is the velocity of the
/// stochastic interpolant, on `flow-matching` the target of flow matching.
///
/// Source: Lipman et al. 2022, theorem 3; Albergo and Vanden-Eijnden 2022, arXiv:2209.15571, equation 2.3. There time
/// runs from noise to data.
public struct PathVelocityPrediction: Prediction {
    /// `path-velocity`.
    public static let name = "path-velocity"
    /// The paper that proposed it.
    public static let reference = Reference(
        title: "Flow Matching for Generative Modeling",
        year: 2022,
        link: "arXiv:2210.02747",
        equations: "theorem 3"
    )

    /// The only one.
    public init() {}

    /// There is nothing to check.
    public func validate() throws(ConfigError) {}

    /// The coefficients at a noise level.
    public func preconditioning(at t: Double, _ schedule: any NoiseSchedule) -> Preconditioning {
        let (alpha, sigma) = (schedule.alpha(t), schedule.sigma(t))
        let (alphaChange, sigmaChange) = (schedule.alphaDerivative(t), schedule.sigmaDerivative(t))
        let turn = alpha * sigmaChange - alphaChange * sigma
        return Preconditioning(
            inputScale: schedule.inputScale(t),
            noiseLabel: schedule.timeLabel(t),
            skip: sigmaChange / turn,
            output: -sigma / turn,
            targetData: alphaChange,
            targetNoise: sigmaChange
        )
    }
}
