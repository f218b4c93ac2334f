import Buffers
public import Tensors

/// A linear map of the last axis with a bias: `[..., I]` to `[..., O]`.
public struct Linear: Module {
    let weight: Parameter
    let bias: Parameter

    /// Registers `weight` `[O, I]` and `bias` `[O]`; without initialisers both start uniform with bound `I^-1/2`.
    public init(
        _ scope: ParameterScope,
        inputs: Int,
        outputs: Int,
        weight: Initializer? = nil,
        bias: Initializer? = nil
    ) {
        let start = Initializer.kaimingUniform(fanIn: inputs)
        self.weight = scope.parameter("weight", [outputs, inputs], weight ?? start)
        self.bias = scope.parameter("bias", [outputs], bias ?? start, decay: false)
    }

    /// Maps `[..., I]` to `[..., O]`.
    public func callAsFunction(_ x: Tensor, _ context: ForwardContext) -> Tensor {
        x.linear(context.weight(weight), bias: context[bias])
    }
}
