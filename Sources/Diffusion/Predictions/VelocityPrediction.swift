public import Configs

/// The network answers the velocity along the circle, `v = (alpha noise - sigma x_0) / sqrt(alpha^2 + sigma^2)`.
///
/// On variance-preserving schedules the root is 1 and this is the paper's `v`; dividing by it gives every other
/// schedule a target of the same scale. `clean = (alpha x_t / n - sigma F) / n` with `n` the root.
///
/// Source: Salimans and Ho 2022, appendix D.
public struct VelocityPrediction: Prediction {
    /// `velocity`.
    public static let name = "velocity"
    /// The paper that proposed it.
    public static let reference = Reference(
        title: "Progressive Distillation for Fast Sampling of Diffusion Models",
        year: 2022,
        link: "arXiv:2202.00512",
        equations: "appendix D"
    )

    /// The only one.
    public init() {}

    /// There is nothing to check.
    public func validate() throws(ConfigError) {}

    /// The coefficients at a noise level.
    public func preconditioning(at t: Double, _ schedule: any NoiseSchedule) -> Preconditioning {
        let (alpha, sigma) = (schedule.alpha(t), schedule.sigma(t))
        let square = alpha * alpha + sigma * sigma
        let root = square.squareRoot()
        return Preconditioning(
            inputScale: schedule.inputScale(t),
            noiseLabel: schedule.timeLabel(t),
            skip: alpha / square,
            output: -sigma / root,
            targetData: -sigma / root,
            targetNoise: alpha / root
        )
    }
}
