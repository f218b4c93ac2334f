import Buffers
import Tensors

/// Images to the moments of latents: levels that each end in a halving of the resolution but the last, then the middle.
struct LatentEncoder: Sendable {
    private let first: Convolution2D
    private let levels: [EncoderLevel]
    private let middle: AutoencoderMiddle
    private let last: AutoencoderEnd

    init(_ definition: AutoencoderKL, _ scope: ParameterScope, inputs: Int) {
        let widths = definition.blockOutChannels
        let lowest = widths[widths.count - 1]
        first = wideConvolution(scope.scope("conv_in"), inputs: inputs, outputs: widths[0])
        levels = widths.indices.map { EncoderLevel(definition, scope.scope("down_blocks", $0), level: $0) }
        middle = AutoencoderMiddle(definition, scope.scope("mid_block"), channels: lowest)
        last = AutoencoderEnd(definition, scope, inputs: lowest, outputs: 2 * definition.latentChannels)
    }

    /// Maps `[B, H, W, C]` to `[B, H', W', 2 Z]`: the means of the latents, then the logarithms of their variances.
    func callAsFunction(_ x: Tensor, _ context: ForwardContext) -> Tensor {
        var hidden = context.tap("encoder.conv_in", first(x, context))
        for (index, level) in levels.enumerated() {
            hidden = context.tap("encoder.down_blocks.\(index)", level(hidden, context))
        }
        return last(context.tap("encoder.mid_block", middle(hidden, context)), context)
    }
}

/// Latents to images: the middle, then levels that each end in a doubling of the resolution but the last.
struct LatentDecoder: Sendable {
    private let first: Convolution2D
    private let middle: AutoencoderMiddle
    private let levels: [DecoderLevel]
    private let last: AutoencoderEnd

    init(_ definition: AutoencoderKL, _ scope: ParameterScope, outputs: Int) {
        let widths = definition.blockOutChannels
        let lowest = widths[widths.count - 1]
        first = wideConvolution(scope.scope("conv_in"), inputs: definition.latentChannels, outputs: lowest)
        middle = AutoencoderMiddle(definition, scope.scope("mid_block"), channels: lowest)
        levels = widths.indices.map { DecoderLevel(definition, scope.scope("up_blocks", $0), level: $0) }
        last = AutoencoderEnd(definition, scope, inputs: widths[0], outputs: outputs)
    }

    /// Maps `[B, H', W', Z]` to `[B, H, W, C]`.
    func callAsFunction(_ latent: Tensor, _ context: ForwardContext) -> Tensor {
        var hidden = context.tap("decoder.conv_in", first(latent, context))
        hidden = context.tap("decoder.mid_block", middle(hidden, context))
        for (index, level) in levels.enumerated() {
            hidden = context.tap("decoder.up_blocks.\(index)", level(hidden, context))
        }
        return last(hidden, context)
    }
}

/// One level of the encoder: residual blocks and a halving of the resolution.
struct EncoderLevel: Sendable {
    private let blocks: [ResidualBlock]
    private let downsample: Downsample?

    init(_ definition: AutoencoderKL, _ scope: ParameterScope, level: Int) {
        let widths = definition.blockOutChannels
        blocks = residualBlocks(
            scope,
            count: definition.layersPerBlock,
            inputs: widths[max(0, level - 1)],
            outputs: widths[level],
            definition.residualSizes
        )
        downsample =
            level == widths.count - 1
            ? nil : Downsample(scope.scope("downsamplers.0"), channels: widths[level], padding: 0)
    }

    func callAsFunction(_ x: Tensor, _ context: ForwardContext) -> Tensor {
        let hidden = blocks.reduce(x) { hidden, block in
            context.block("down_blocks", [hidden]) { block($0[0], $1) }
        }
        return downsample?(hidden, context) ?? hidden
    }
}

/// One level of the decoder: residual blocks and a doubling of the resolution.
struct DecoderLevel: Sendable {
    private let blocks: [ResidualBlock]
    private let upsample: Upsample?

    /// Level 0 is the lowest resolution.
    init(_ definition: AutoencoderKL, _ scope: ParameterScope, level: Int) {
        let widths = Array(definition.blockOutChannels.reversed())
        blocks = residualBlocks(
            scope,
            count: definition.layersPerBlock + 1,
            inputs: widths[max(0, level - 1)],
            outputs: widths[level],
            definition.residualSizes
        )
        upsample = level == widths.count - 1 ? nil : Upsample(scope.scope("upsamplers.0"), channels: widths[level])
    }

    func callAsFunction(_ x: Tensor, _ context: ForwardContext) -> Tensor {
        let hidden = blocks.reduce(x) { hidden, block in
            context.block("up_blocks", [hidden]) { block($0[0], $1) }
        }
        guard let upsample else { return hidden }
        return context.block("up_blocks", [hidden]) { inputs, context in
            upsample(inputs[0], height: 2 * inputs[0].shape[1], width: 2 * inputs[0].shape[2], context)
        }
    }
}

/// The lowest resolution: two residual blocks with attention between them.
struct AutoencoderMiddle: Sendable {
    private let blocks: [ResidualBlock]
    private let attention: ImageAttention?

    init(_ definition: AutoencoderKL, _ scope: ParameterScope, channels: Int) {
        let sizes = definition.residualSizes
        blocks = residualBlocks(scope, count: 2, inputs: channels, outputs: channels, sizes)
        attention =
            definition.midBlockAddAttention
            ? ImageAttention(
                scope.scope("attentions.0"),
                channels: channels,
                sizes: sizes,
                headSize: channels,
                scaleFactor: 1
            ) : nil
    }

    func callAsFunction(_ x: Tensor, _ context: ForwardContext) -> Tensor {
        let (first, attention, second) = (blocks[0], attention, blocks[1])
        let hidden = context.block("mid_block", [x]) { inputs, context in
            let inner = first(inputs[0], context)
            return attention?(inner, context) ?? inner
        }
        return context.block("mid_block", [hidden]) { second($0[0], $1) }
    }
}

/// The end of both halves: group norm, SiLU and a 3x3 convolution.
struct AutoencoderEnd: Sendable {
    private let norm: GroupNorm
    private let convolution: Convolution2D

    init(_ definition: AutoencoderKL, _ scope: ParameterScope, inputs: Int, outputs: Int) {
        norm = GroupNorm(
            scope.scope("conv_norm_out"),
            channels: inputs,
            groups: definition.normNumGroups,
            epsilon: AutoencoderKL.normEpsilon,
            activation: .silu
        )
        convolution = wideConvolution(scope.scope("conv_out"), inputs: inputs, outputs: outputs)
    }

    func callAsFunction(_ x: Tensor, _ context: ForwardContext) -> Tensor {
        convolution(norm(x, context), context)
    }
}

extension AutoencoderKL {
    /// Added to the variance in every group norm.
    static let normEpsilon = 1e-6

    /// Residual blocks without a noise embedding.
    var residualSizes: ResidualSizes {
        ResidualSizes(
            groups: normNumGroups,
            epsilon: Self.normEpsilon,
            embedding: 0,
            scalesAndShifts: false,
            dropout: 0,
            last: nil
        )
    }
}

/// Residual blocks one after another, of which the first changes the width.
private func residualBlocks(
    _ scope: ParameterScope,
    count: Int,
    inputs: Int,
    outputs: Int,
    _ sizes: ResidualSizes
) -> [ResidualBlock] {
    (0..<count).map { index in
        ResidualBlock(
            scope.scope("resnets", index),
            inputs: index == 0 ? inputs : outputs,
            outputs: outputs,
            sizes: sizes
        )
    }
}

/// A 3x3 convolution that keeps the resolution.
private func wideConvolution(_ scope: ParameterScope, inputs: Int, outputs: Int) -> Convolution2D {
    Convolution2D(scope, inputs: inputs, outputs: outputs, kernel: 3, padding: Padding(1))
}
