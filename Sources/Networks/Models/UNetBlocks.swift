import Buffers
import Tensors

/// One level on the way down: residual blocks, attention behind each if the level has it, and a halving of the resolution.
struct UNetDownLevel: Sendable {
    private let blocks: [ResidualBlock]
    private let attentions: [ImageAttention]
    private let downsample: Downsample?

    init(_ plan: UNetPlan, _ scope: ParameterScope, level: Int) {
        let widths = plan.definition.blockOutChannels
        let outputs = widths[level]
        blocks = (0..<plan.definition.layersPerBlock).map { index in
            let inputs = index > 0 ? outputs : level == 0 ? widths[0] : widths[level - 1]
            return ResidualBlock(scope.scope("resnets", index), inputs: inputs, outputs: outputs, sizes: plan.sizes)
        }
        attentions =
            plan.definition.downBlockTypes[level] == .attention
            ? plan.attentions(scope, count: blocks.count, channels: outputs) : []
        downsample =
            level == widths.count - 1
            ? nil
            : Downsample(
                scope.scope("downsamplers.0"),
                channels: outputs,
                padding: plan.definition.downsamplePadding
            )
    }

    /// Computes the level and pushes every result that the way up will need.
    func callAsFunction(_ x: Tensor, _ embedding: Tensor, skips: inout [Tensor], _ context: ForwardContext) -> Tensor {
        var hidden = x
        for (index, block) in blocks.enumerated() {
            let attention = attentions.isEmpty ? nil : attentions[index]
            hidden = context.block("down_blocks", [hidden, embedding]) { inputs, context in
                let inner = block(inputs[0], activatedEmbedding: inputs[1], context)
                return attention?(inner, context) ?? inner
            }
            skips.append(hidden)
        }
        if let downsample {
            hidden = downsample(hidden, context)
            skips.append(hidden)
        }
        return hidden
    }
}

/// The lowest resolution: two residual blocks with attention between them.
struct UNetMiddle: Sendable {
    private let first: ResidualBlock
    private let attention: ImageAttention?
    private let second: ResidualBlock

    init(_ plan: UNetPlan, _ scope: ParameterScope) {
        let definition = plan.definition
        let width = definition.blockOutChannels[definition.blockOutChannels.count - 1]
        let scale = definition.midBlockScaleFactor
        func block(_ index: Int) -> ResidualBlock {
            ResidualBlock(
                scope.scope("resnets", index),
                inputs: width,
                outputs: width,
                sizes: plan.sizes,
                scaleFactor: scale
            )
        }
        first = block(0)
        attention =
            definition.addAttention
            ? ImageAttention(
                scope.scope("attentions.0"),
                channels: width,
                sizes: plan.sizes,
                headSize: definition.headSize(width),
                scaleFactor: scale
            ) : nil
        second = block(1)
    }

    func callAsFunction(_ x: Tensor, _ embedding: Tensor, _ context: ForwardContext) -> Tensor {
        let (first, attention, second) = (first, attention, second)
        let hidden = context.block("mid_block", [x, embedding]) { inputs, context in
            let inner = first(inputs[0], activatedEmbedding: inputs[1], context)
            return attention?(inner, context) ?? inner
        }
        return context.block("mid_block", [hidden, embedding]) { inputs, context in
            second(inputs[0], activatedEmbedding: inputs[1], context)
        }
    }
}

/// One level on the way up: residual blocks that each take a skip connection, attention if the level has it, and a doubling of the resolution.
struct UNetUpLevel: Sendable {
    private let blocks: [ResidualBlock]
    private let attentions: [ImageAttention]
    private let upsample: Upsample?

    /// Level 0 is the lowest resolution.
    init(_ plan: UNetPlan, _ scope: ParameterScope, level: Int) {
        let widths = Array(plan.definition.blockOutChannels.reversed())
        let outputs = widths[level]
        let before = widths[max(0, level - 1)]
        let after = widths[min(level + 1, widths.count - 1)]
        let last = plan.definition.layersPerBlock
        blocks = (0...last).map { index in
            let inputs = (index == 0 ? before : outputs) + (index == last ? after : outputs)
            return ResidualBlock(scope.scope("resnets", index), inputs: inputs, outputs: outputs, sizes: plan.sizes)
        }
        attentions =
            plan.definition.upBlockTypes[level] == .attention
            ? plan.attentions(scope, count: blocks.count, channels: outputs) : []
        upsample = level == widths.count - 1 ? nil : Upsample(scope.scope("upsamplers.0"), channels: outputs)
    }

    /// Computes the level and takes its skip connections from the end of the stack.
    func callAsFunction(_ x: Tensor, _ embedding: Tensor, skips: inout [Tensor], _ context: ForwardContext) -> Tensor {
        var hidden = x
        for (index, block) in blocks.enumerated() {
            let attention = attentions.isEmpty ? nil : attentions[index]
            hidden = context.block("up_blocks", [hidden, skips.removeLast(), embedding]) { inputs, context in
                let joined = Tensor.concatenate([inputs[0], inputs[1]], axis: 3)
                let inner = block(joined, activatedEmbedding: inputs[2], context)
                return attention?(inner, context) ?? inner
            }
        }
        guard let upsample, let next = skips.last?.shape else { return hidden }
        return context.block("up_blocks", [hidden]) { inputs, context in
            upsample(inputs[0], height: next[1], width: next[2], context)
        }
    }
}

/// What the blocks of one UNet share while they are built.
struct UNetPlan {
    let definition: UNet
    let sizes: ResidualSizes

    init(_ definition: UNet) {
        self.definition = definition
        let embedding = definition.timeEmbeddingDim
        sizes = ResidualSizes(
            groups: definition.normNumGroups,
            epsilon: definition.normEps,
            embedding: embedding == 0 ? 4 * definition.blockOutChannels[0] : embedding,
            scalesAndShifts: definition.resnetTimeScaleShift == .scaleShift,
            dropout: definition.dropout,
            last: definition.zeroInit ? .zeros : nil
        )
    }

    func attentions(_ scope: ParameterScope, count: Int, channels: Int) -> [ImageAttention] {
        (0..<count).map { index in
            ImageAttention(
                scope.scope("attentions", index),
                channels: channels,
                sizes: sizes,
                headSize: definition.headSize(channels),
                scaleFactor: 1
            )
        }
    }
}
