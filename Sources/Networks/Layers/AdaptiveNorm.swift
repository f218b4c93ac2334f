import Buffers
public import Tensors

/// Layer norm without parameters of its own whose scale and shift come from a condition.
///
/// `y = norm(x) (1 + scale) + shift`.
///
/// Source: Peebles and Xie 2022, arXiv:2212.09748, section 3.2.
public struct AdaptiveNorm: Sendable {
    private let epsilon: Float

    /// A norm with a constant added to the variance.
    public init(epsilon: Double) {
        self.epsilon = Float(epsilon)
    }

    /// Normalises tokens `[B, N, D]`; `shift` and `scale` are `[B, 1, D]`.
    public func callAsFunction(_ x: Tensor, shift: Tensor, scale: Tensor) -> Tensor {
        x.layerNorm(scale: scale + 1, shift: shift, epsilon: epsilon)
    }
}

/// Several vectors for modulation from one condition vector: SiLU, then a linear layer named `adaLN_modulation.1` that starts at zero.
public struct Modulation: Sendable {
    private let linear: Linear
    private let parts: Int

    /// Registers the layer for `parts` vectors.
    public init(_ scope: ParameterScope, width: Int, parts: Int) {
        linear = Linear(
            scope.scope("adaLN_modulation.1"),
            inputs: width,
            outputs: parts * width,
            weight: .zeros,
            bias: .zeros
        )
        self.parts = parts
    }

    /// The vectors, `[B, 1, D]` each, of an activated condition `silu(c)` `[B, D]`.
    public func callAsFunction(activatedCondition: Tensor, _ context: ForwardContext) -> [Tensor] {
        let all = linear(activatedCondition, context)
        return all.reshaped([all.shape[0], 1, all.shape[1]]).split(parts, axis: 2)
    }
}
