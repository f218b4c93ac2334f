public import Configs

/// Weighs the network's own error equally at every noise level.
///
/// Source: Ho et al. 2020, equation 14 (`L_simple`).
public struct UniformWeighting: LossWeighting {
    /// `uniform`.
    public static let name = "uniform"
    /// The paper that proposed it.
    public static let reference = Reference(
        title: "Denoising Diffusion Probabilistic Models",
        year: 2020,
        link: "arXiv:2006.11239",
        equations: "equation 14"
    )

    /// The only one.
    public init() {}

    /// There is nothing to check.
    public func validate() throws(ConfigError) {}

    /// 1.
    public func weight(at t: Double, _ schedule: any NoiseSchedule, _ preconditioning: Preconditioning) -> Double { 1 }
}
