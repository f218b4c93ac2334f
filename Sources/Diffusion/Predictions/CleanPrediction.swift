public import Configs

/// The network answers the clean image.
///
/// Source: Ho et al. 2020, section 3.2; Salimans and Ho 2022, section 4.
public struct CleanPrediction: Prediction {
    /// `clean`.
    public static let name = "clean"
    /// The paper that studied it.
    public static let reference = Reference(
        title: "Progressive Distillation for Fast Sampling of Diffusion Models",
        year: 2022,
        link: "arXiv:2202.00512",
        equations: "section 4"
    )

    /// The only one.
    public init() {}

    /// There is nothing to check.
    public func validate() throws(ConfigError) {}

    /// The coefficients at a noise level.
    public func preconditioning(at t: Double, _ schedule: any NoiseSchedule) -> Preconditioning {
        Preconditioning(
            inputScale: schedule.inputScale(t),
            noiseLabel: schedule.timeLabel(t),
            skip: 0,
            output: 1,
            targetData: 1,
            targetNoise: 0
        )
    }
}
