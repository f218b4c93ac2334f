import Buffers
import Tensors

/// The network of a ``UNet`` definition.
///
/// Named activations: `conv_in`, `time_embedding`, `down_blocks.I`, `mid_block`, `up_blocks.I`.
struct UNetDenoiser: Denoiser {
    let inputChannels: Int
    let outputChannels: Int
    private let centersInput: Bool
    private let features: TimeFeatures
    private let timeEmbedding: TimeEmbedding
    private let classEmbedding: ClassEmbedding?
    private let first: Convolution2D
    private let down: [UNetDownLevel]
    private let middle: UNetMiddle
    private let up: [UNetUpLevel]
    private let lastNorm: GroupNorm
    private let last: Convolution2D

    init(_ definition: UNet, _ scope: ParameterScope, imageChannels: Int, classes: Int) {
        let plan = UNetPlan(definition)
        let width = definition.blockOutChannels[0]
        let levels = definition.blockOutChannels.indices
        inputChannels = definition.inChannels == 0 ? imageChannels : definition.inChannels
        outputChannels = definition.outChannels == 0 ? imageChannels : definition.outChannels
        centersInput = definition.centerInputSample
        features = TimeFeatures(width: width, shift: definition.freqShift, cosineFirst: definition.flipSinToCos)
        timeEmbedding = TimeEmbedding(
            scope.scope("time_embedding"),
            names: ("linear_1", "linear_2"),
            inputs: width,
            outputs: plan.sizes.embedding
        )
        classEmbedding = Self.classEmbedding(definition, scope, classes: classes, width: plan.sizes.embedding)
        first = Convolution2D(
            scope.scope("conv_in"),
            inputs: inputChannels,
            outputs: width,
            kernel: 3,
            padding: Padding(1)
        )
        down = levels.map { UNetDownLevel(plan, scope.scope("down_blocks", $0), level: $0) }
        middle = UNetMiddle(plan, scope.scope("mid_block"))
        up = levels.map { UNetUpLevel(plan, scope.scope("up_blocks", $0), level: $0) }
        lastNorm = GroupNorm(
            scope.scope("conv_norm_out"),
            channels: width,
            groups: plan.sizes.groups,
            epsilon: plan.sizes.epsilon,
            activation: .silu
        )
        last = Convolution2D(
            scope.scope("conv_out"),
            inputs: width,
            outputs: outputChannels,
            kernel: 3,
            padding: Padding(1),
            start: plan.sizes.last.map { ($0, $0) }
        )
    }

    private static func classEmbedding(
        _ definition: UNet,
        _ scope: ParameterScope,
        classes: Int,
        width: Int
    ) -> ClassEmbedding? {
        guard classes > 0 else { return nil }
        let rows = definition.numClassEmbeds == 0 ? classes + 1 : definition.numClassEmbeds
        return ClassEmbedding(
            scope,
            name: "class_embedding.weight",
            classes: classes,
            rows: rows,
            width: width,
            deviation: 1
        )
    }

    func callAsFunction(
        _ x: Tensor,
        noiseLabel: Tensor,
        condition: Condition,
        _ context: ForwardContext
    ) -> Tensor {
        var embedding = context.tap("time_embedding", timeEmbedding(features(noiseLabel, context), context))
        if let classEmbedding {
            embedding = embedding + classEmbedding(condition, batch: x.shape[0], context)
        }
        let activated = embedding.silu()
        var hidden = context.tap("conv_in", first(context.activation(centersInput ? x * 2 - 1 : x), context))
        var skips = [hidden]
        for (index, level) in down.enumerated() {
            hidden = context.tap("down_blocks.\(index)", level(hidden, activated, skips: &skips, context))
        }
        hidden = context.tap("mid_block", middle(hidden, activated, context))
        for (index, level) in up.enumerated() {
            hidden = context.tap("up_blocks.\(index)", level(hidden, activated, skips: &skips, context))
        }
        return last(lastNorm(hidden, context), context).converted(to: .float32)
    }
}
