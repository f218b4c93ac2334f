public import Buffers
public import Configs
public import Tensors

/// How predictions with and without a condition combine.
public protocol Guidance: Method {
    /// The clean image for noised images `x`, `[B, H, W, C]`, at noise level `t`.
    ///
    /// `predict(x, condition)` runs the network on any number of rows at the level `t`; rows and conditions go
    /// together.
    func clean(
        _ x: Tensor,
        at t: Double,
        condition: Condition,
        _ predict: (_ x: Tensor, _ condition: Condition) -> Tensor
    ) -> Tensor
}
