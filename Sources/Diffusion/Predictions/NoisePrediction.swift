public import Configs

/// The network answers the noise: `clean = (x_t - sigma F) / alpha`.
///
/// Source: Ho et al. 2020, equations 11 and 14.
public struct NoisePrediction: Prediction {
    /// `noise`.
    public static let name = "noise"
    /// The paper that proposed it.
    public static let reference = Reference(
        title: "Denoising Diffusion Probabilistic Models",
        year: 2020,
        link: "arXiv:2006.11239",
        equations: "equations 11 and 14"
    )

    /// Below this signal the clean image cannot be told from the noise; dividing by it keeps everything finite.
    static let leastSignal = 1e-6

    /// The only one.
    public init() {}

    /// There is nothing to check.
    public func validate() throws(ConfigError) {}

    /// The coefficients at a noise level.
    public func preconditioning(at t: Double, _ schedule: any NoiseSchedule) -> Preconditioning {
        let alpha = max(schedule.alpha(t), Self.leastSignal)
        return Preconditioning(
            inputScale: schedule.inputScale(t),
            noiseLabel: schedule.timeLabel(t),
            skip: 1 / alpha,
            output: -schedule.sigma(t) / alpha,
            targetData: 0,
            targetNoise: 1
        )
    }
}
