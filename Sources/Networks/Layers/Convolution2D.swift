import Buffers
public import Tensors

/// A convolution of images with a bias: `[B, H, W, I]` to `[B, H', W', O]`.
public struct Convolution2D: Module {
    private let weight: Parameter
    private let bias: Parameter
    private let stride: Int
    private let padding: Padding

    /// Registers `weight` `[O, I, K, K]` and `bias` `[O]`; without initialisers both start uniform with bound `(I K^2)^-1/2`.
    public init(
        _ scope: ParameterScope,
        inputs: Int,
        outputs: Int,
        kernel: Int,
        stride: Int = 1,
        padding: Padding = .zero,
        start: (weight: Initializer, bias: Initializer)? = nil
    ) {
        let usual = Initializer.kaimingUniform(fanIn: inputs * kernel * kernel)
        weight = scope.parameter("weight", [outputs, inputs, kernel, kernel], start?.weight ?? usual)
        bias = scope.parameter("bias", [outputs], start?.bias ?? usual, decay: false)
        self.stride = stride
        self.padding = padding
    }

    /// Convolves `[B, H, W, I]`.
    public func callAsFunction(_ x: Tensor, _ context: ForwardContext) -> Tensor {
        x.convolution(context.weight(weight), bias: context[bias], stride: stride, padding: padding)
    }
}
