public import Buffers
public import Configs
public import Tensors

/// The network's own conditional prediction.
///
/// Source: Ho et al. 2020, algorithm 2.
public struct NoGuidance: Guidance {
    /// `none`.
    public static let name = "none"
    /// The paper that samples so.
    public static let reference = Reference(
        title: "Denoising Diffusion Probabilistic Models",
        year: 2020,
        link: "arXiv:2006.11239",
        equations: "algorithm 2"
    )

    /// The only one.
    public init() {}

    /// There is nothing to check.
    public func validate() throws(ConfigError) {}

    /// One pass with the condition.
    public func clean(
        _ x: Tensor,
        at t: Double,
        condition: Condition,
        _ predict: (_ x: Tensor, _ condition: Condition) -> Tensor
    ) -> Tensor {
        predict(x, condition)
    }
}
