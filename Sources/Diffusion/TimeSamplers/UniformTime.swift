public import Buffers
public import Configs

/// Every `t` in `[0, 1)` is equally likely.
///
/// Source: Ho et al. 2020, algorithm 1; Kingma et al. 2021 for continuous time.
public struct UniformTime: TimeSampler {
    /// `uniform`.
    public static let name = "uniform"
    /// The paper that proposed it.
    public static let reference = Reference(
        title: "Denoising Diffusion Probabilistic Models",
        year: 2020,
        link: "arXiv:2006.11239",
        equations: "algorithm 1"
    )

    /// The only one.
    public init() {}

    /// There is nothing to check.
    public func validate() throws(ConfigError) {}

    /// A uniform number.
    public func time(
        ofSample id: UInt64,
        _ schedule: any NoiseSchedule,
        at progress: Progress,
        using random: inout RandomStream
    ) -> Double {
        random.uniform()
    }
}
