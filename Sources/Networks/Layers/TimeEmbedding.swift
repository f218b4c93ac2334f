import Buffers
import Glibc
public import Tensors

/// Cosines and sines of a noise label at frequencies from 1 down to about `1/10000`; no parameters.
///
/// `f_k = exp(-ln(10000) k / (width/2 - shift))` for `k = 0 ..< width/2`; the result is `[cos(t f), sin(t f)]`, or sines first.
///
/// Source: Vaswani et al. 2017, arXiv:1706.03762, section 3.5, with the layout of Ho et al. 2020, arXiv:2006.11239.
public struct TimeFeatures: Module {
    private let frequencies: TensorData
    private let cosineFirst: Bool

    /// Features of an even `width`; `shift` is 0 or 1 and less than half the width.
    public init(width: Int, shift: Int = 0, cosineFirst: Bool = true) {
        precondition(width.isMultiple(of: 2) && width / 2 > shift, "\(width) features with shift \(shift)")
        let half = width / 2
        // In single precision like the networks whose weights this layout exchanges: large labels magnify the last bit.
        let rate = Float(-log(10000.0))
        let values = (0..<half).map { exp(rate * Float($0) / Float(half - shift)) }
        frequencies = TensorData(values, shape: [half])
        self.cosineFirst = cosineFirst
    }

    /// The features `[B, width]` of noise labels `[B]`.
    public func callAsFunction(_ label: Tensor, _ context: ForwardContext) -> Tensor {
        let angles = label.reshaped([label.shape[0], 1]) * Tensor(frequencies)
        let parts = cosineFirst ? [angles.cos(), angles.sin()] : [angles.sin(), angles.cos()]
        return Tensor.concatenate(parts, axis: 1)
    }
}

/// Two linear layers with SiLU between them, which turn time features into an embedding; it ends linear.
public struct TimeEmbedding: Module {
    private let first: Linear
    private let second: Linear

    /// Registers the layers under two names; without an initialiser weights and biases start as linear layers do.
    public init(
        _ scope: ParameterScope,
        names: (String, String),
        inputs: Int,
        outputs: Int,
        weight: Initializer? = nil
    ) {
        let bias: Initializer? = weight == nil ? nil : .zeros
        first = Linear(scope.scope(names.0), inputs: inputs, outputs: outputs, weight: weight, bias: bias)
        second = Linear(scope.scope(names.1), inputs: outputs, outputs: outputs, weight: weight, bias: bias)
    }

    /// Maps `[B, I]` to `[B, O]`.
    public func callAsFunction(_ features: Tensor, _ context: ForwardContext) -> Tensor {
        second(first(features, context).silu(), context)
    }
}
