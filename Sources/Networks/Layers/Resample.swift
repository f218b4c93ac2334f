import Buffers
public import Tensors

/// Halves the resolution with a 3x3 convolution of stride 2, named `conv`.
public struct Downsample: Module {
    private let convolution: Convolution2D

    /// Registers the layer; `padding` 1 pads all sides, 0 pads only the right and the bottom by one.
    ///
    /// The two give different results for the same weights: older checkpoints of DDPM need 0.
    public init(_ scope: ParameterScope, channels: Int, padding: Int) {
        let sides = padding == 0 ? Padding(top: 0, left: 0, bottom: 1, right: 1) : Padding(padding)
        convolution = Convolution2D(
            scope.scope("conv"),
            inputs: channels,
            outputs: channels,
            kernel: 3,
            stride: 2,
            padding: sides
        )
    }

    /// Maps `[B, H, W, C]` to half the size: rounded up with padding 1, down with padding 0.
    public func callAsFunction(_ x: Tensor, _ context: ForwardContext) -> Tensor {
        convolution(x, context)
    }
}

/// Doubles the resolution by repeating pixels, then convolves 3x3 with a layer named `conv`.
public struct Upsample: Sendable {
    private let convolution: Convolution2D

    /// Registers the layer.
    public init(_ scope: ParameterScope, channels: Int) {
        convolution = Convolution2D(
            scope.scope("conv"),
            inputs: channels,
            outputs: channels,
            kernel: 3,
            padding: Padding(1)
        )
    }

    /// Maps `[B, H, W, C]` to `[B, height, width, C]`, where height and width differ from twice the input's by at most one.
    ///
    /// Odd sizes are met by leaving out or repeating the last row and column before the convolution.
    public func callAsFunction(_ x: Tensor, height: Int, width: Int, _ context: ForwardContext) -> Tensor {
        convolution(x.upsampledNearest2().fitted(height: height, width: width), context)
    }
}

extension Tensor {
    /// The image with its right and bottom cut, or its last row and column repeated, to a size.
    func fitted(height: Int, width: Int) -> Tensor {
        var result = self
        if height < shape[1] { result = result.slice(axis: 1, 0..<height) }
        if width < shape[2] { result = result.slice(axis: 2, 0..<width) }
        let missing = Padding(top: 0, left: 0, bottom: max(0, height - shape[1]), right: max(0, width - shape[2]))
        return missing == .zero ? result : result.padded(missing, mode: .replicate)
    }
}
