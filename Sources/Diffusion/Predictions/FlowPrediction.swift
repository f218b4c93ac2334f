public import Configs

/// The network answers the straight way from data to noise, `u = noise - x_0`.
///
/// On the rectified flow `u` is the derivative of `x_t` by `t`. `clean = (x_t - sigma F) / (alpha + sigma)` on every
/// schedule.
///
/// Source: Lipman et al. 2022, equation 23 with `sigma_min = 0`, and Liu et al. 2022, equation 1; there time runs from
/// noise to data.
public struct FlowPrediction: Prediction {
    /// `flow`.
    public static let name = "flow"
    /// The paper that proposed it.
    public static let reference = Reference(
        title: "Flow Matching for Generative Modeling",
        year: 2022,
        link: "arXiv:2210.02747",
        equations: "equation 23"
    )

    /// The only one.
    public init() {}

    /// There is nothing to check.
    public func validate() throws(ConfigError) {}

    /// The coefficients at a noise level.
    public func preconditioning(at t: Double, _ schedule: any NoiseSchedule) -> Preconditioning {
        let (alpha, sigma) = (schedule.alpha(t), schedule.sigma(t))
        return Preconditioning(
            inputScale: schedule.inputScale(t),
            noiseLabel: schedule.timeLabel(t),
            skip: 1 / (alpha + sigma),
            output: -sigma / (alpha + sigma),
            targetData: -1,
            targetNoise: 1
        )
    }
}
