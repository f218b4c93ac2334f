import Buffers
import Tensors

/// The network of a ``DiT`` definition.
///
/// Named activations: `pos_embed`, `x_embedder` (tokens with the position code), `blocks.I`.
struct DiTDenoiser: Denoiser {
    let inputChannels: Int
    let outputChannels: Int
    private let patch: Int
    private let timeScale: Float
    private let features: TimeFeatures
    private let tokens: PatchEmbedding
    /// One for all blocks, or one a block.
    private let conditions: [DiTCondition]
    private let blocks: [DiTBlock]
    private let modulation: Modulation
    private let norm = AdaptiveNorm(epsilon: 1e-6)
    private let last: Linear

    init(_ definition: DiT, _ scope: ParameterScope, imageChannels: Int, classes: Int) {
        let ownConditions = definition.variant == .diffusers
        let base = definition.outChannels == 0 ? imageChannels : definition.outChannels
        inputChannels = definition.inChannels == 0 ? imageChannels : definition.inChannels
        outputChannels = definition.learnSigma ? 2 * base : base
        patch = definition.patch
        timeScale = Float(definition.timeScale)
        features = TimeFeatures(width: DiTCondition.featureCount, shift: ownConditions ? 1 : 0)
        tokens = PatchEmbedding(
            scope.scope("x_embedder"),
            channels: inputChannels,
            patch: patch,
            width: definition.width
        )
        var conditions: [DiTCondition] = []
        if !ownConditions {
            conditions.append(DiTCondition(scope, width: definition.width, classes: classes))
        }
        blocks = (0..<definition.depth).map { index in
            let inner = scope.scope("blocks", index)
            if ownConditions {
                conditions.append(DiTCondition(inner, width: definition.width, classes: classes))
            }
            return DiTBlock(definition, inner)
        }
        self.conditions = conditions
        let final = scope.scope("final_layer")
        modulation = Modulation(final, width: definition.width, parts: 2)
        last = Linear(
            final.scope("linear"),
            inputs: definition.width,
            outputs: patch * patch * outputChannels,
            weight: .zeros,
            bias: .zeros
        )
    }

    func callAsFunction(
        _ x: Tensor,
        noiseLabel: Tensor,
        condition: Condition,
        _ context: ForwardContext
    ) -> Tensor {
        let times = features(timeScale == 1 ? noiseLabel : noiseLabel * timeScale, context)
        let activated = conditions.map { $0(times, condition, context).silu() }
        var hidden = context.tap("x_embedder", tokens(context.activation(x), context))
        for (index, block) in blocks.enumerated() {
            let own = activated[min(index, activated.count - 1)]
            let result = context.block("blocks", [hidden, own]) { inputs, context in
                block(inputs[0], activatedCondition: inputs[1], context)
            }
            hidden = context.tap("blocks.\(index)", result)
        }
        let parts = modulation(activatedCondition: activated[0], context)
        let answer = last(norm(hidden, shift: parts[0], scale: parts[1]), context).converted(to: .float32)
        return image(answer, rows: x.shape[1] / patch, columns: x.shape[2] / patch)
    }

    /// Puts tokens `[B, rows columns, patch patch C]` back into an image.
    private func image(_ tokens: Tensor, rows: Int, columns: Int) -> Tensor {
        let batch = tokens.shape[0]
        return
            tokens
            .reshaped([batch, rows, columns, patch, patch, outputChannels])
            .permuted([0, 1, 3, 2, 4, 5])
            .reshaped([batch, rows * patch, columns * patch, outputChannels])
    }
}

/// The condition vector of noise level and class.
struct DiTCondition: Sendable {
    /// Channels of the time features.
    static let featureCount = 256
    /// Standard deviation of the starting values.
    private static let deviation = 0.02

    private let time: TimeEmbedding
    private let label: ClassEmbedding?

    init(_ scope: ParameterScope, width: Int, classes: Int) {
        time = TimeEmbedding(
            scope.scope("t_embedder.mlp"),
            names: ("0", "2"),
            inputs: Self.featureCount,
            outputs: width,
            weight: .normal(deviation: Self.deviation)
        )
        label =
            classes == 0
            ? nil
            : ClassEmbedding(
                scope,
                name: "y_embedder.embedding_table.weight",
                classes: classes,
                rows: classes + 1,
                width: width,
                deviation: Self.deviation
            )
    }

    func callAsFunction(_ features: Tensor, _ condition: Condition, _ context: ForwardContext) -> Tensor {
        let vector = time(features, context)
        guard let label else { return vector }
        return vector + label(condition, batch: vector.shape[0], context)
    }
}

/// Attention and feed-forward layers, each behind a modulated norm and scaled by a gate.
struct DiTBlock: Sendable {
    private let attention: SelfAttention
    private let feedForward: FeedForward
    private let modulation: Modulation
    private let firstNorm = AdaptiveNorm(epsilon: 1e-6)
    private let secondNorm: AdaptiveNorm

    init(_ definition: DiT, _ scope: ParameterScope) {
        let width = definition.width
        attention = SelfAttention(scope.scope("attn"), width: width, heads: definition.heads)
        feedForward = FeedForward(
            scope.scope("mlp"),
            width: width,
            hidden: Int(Double(width) * definition.mlpRatio)
        )
        modulation = Modulation(scope, width: width, parts: 6)
        secondNorm = AdaptiveNorm(epsilon: definition.variant == .diffusers ? 1e-5 : 1e-6)
    }

    func callAsFunction(_ x: Tensor, activatedCondition: Tensor, _ context: ForwardContext) -> Tensor {
        let parts = modulation(activatedCondition: activatedCondition, context)
        let mixed = attention(firstNorm(x, shift: parts[0], scale: parts[1]), context)
        let hidden = x.adding(mixed, gate: parts[2])
        let fed = feedForward(secondNorm(hidden, shift: parts[3], scale: parts[4]), context)
        return hidden.adding(fed, gate: parts[5])
    }
}
