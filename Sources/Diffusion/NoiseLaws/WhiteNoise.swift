public import Buffers
public import Configs

/// Independent standard normal numbers.
///
/// Source: Ho et al. 2020, equation 4.
public struct WhiteNoise: NoiseLaw {
    /// `white`.
    public static let name = "white"
    /// The paper that uses it.
    public static let reference = Reference(
        title: "Denoising Diffusion Probabilistic Models",
        year: 2020,
        link: "arXiv:2006.11239",
        equations: "equation 4"
    )

    /// The only one.
    public init() {}

    /// There is nothing to check.
    public func validate() throws(ConfigError) {}

    /// Yes.
    public var isGaussian: Bool { true }

    /// 1.
    public var variance: Double { 1 }

    /// The stream's normal numbers.
    public func draw(_ shape: Shape, using random: inout RandomStream) -> TensorData {
        random.normal(shape)
    }
}
