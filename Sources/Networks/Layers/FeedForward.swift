public import Tensors

/// Two linear layers with the tanh form of GELU between them, named `fc1` and `fc2`.
public struct FeedForward: Module {
    private let first: Linear
    private let second: Linear

    /// Registers the layers; weights start Xavier uniform, biases zero.
    public init(_ scope: ParameterScope, width: Int, hidden: Int) {
        let start = Initializer.xavierUniform(fanIn: width, fanOut: hidden)
        first = Linear(scope.scope("fc1"), inputs: width, outputs: hidden, weight: start, bias: .zeros)
        second = Linear(scope.scope("fc2"), inputs: hidden, outputs: width, weight: start, bias: .zeros)
    }

    /// Maps `[..., width]` to the same shape.
    public func callAsFunction(_ x: Tensor, _ context: ForwardContext) -> Tensor {
        x.feedForward(
            context.weight(first.weight),
            context[first.bias],
            .geluTanh,
            context.weight(second.weight),
            context[second.bias]
        )
    }
}
