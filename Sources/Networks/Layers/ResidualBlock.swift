import Buffers
public import Tensors

/// How the residual blocks of a network are built.
public struct ResidualSizes: Sendable {
    /// Groups of every group norm.
    public var groups: Int
    /// Added to the variance in every group norm.
    public var epsilon: Double
    /// Channels of the noise embedding; 0 for blocks without one.
    public var embedding: Int
    /// Whether the embedding scales and shifts behind the second norm; otherwise it is added before it.
    public var scalesAndShifts: Bool
    /// Probability of dropping a unit before the second convolution, in `[0, 1)`.
    public var dropout: Double
    /// How the last layer of a residual branch starts; nil for the usual start of its kind.
    public var last: Initializer?

    /// Makes a description.
    public init(
        groups: Int,
        epsilon: Double,
        embedding: Int,
        scalesAndShifts: Bool,
        dropout: Double,
        last: Initializer?
    ) {
        precondition(embedding > 0 || !scalesAndShifts, "scale and shift without an embedding")
        self.groups = groups
        self.epsilon = epsilon
        self.embedding = embedding
        self.scalesAndShifts = scalesAndShifts
        self.dropout = dropout
        self.last = last
    }
}

/// Two 3x3 convolutions, each behind group norm and SiLU, conditioned on a noise embedding if there is one, and added to the input.
///
/// `a = conv1(silu(norm1(x)))`; the embedding goes through SiLU and `time_emb_proj` and is added to `a`, or scales and shifts `norm2(a)`;
/// `y = (shortcut(x) + conv2(dropout(silu(norm2(a))))) / scaleFactor`. A 1x1 `conv_shortcut` exists if the widths differ.
///
/// Source: Ho et al. 2020, arXiv:2006.11239, appendix B; scale and shift: Dhariwal and Nichol 2021, arXiv:2105.05233, equation of section 3.
public struct ResidualBlock: Sendable {
    private let first: GroupNorm
    private let firstConvolution: Convolution2D
    private let embedding: Linear?
    private let second: GroupNorm
    private let dropout: Dropout
    private let secondConvolution: Convolution2D
    private let shortcut: Convolution2D?
    private let scalesAndShifts: Bool
    private let outputScale: Float

    /// Registers the layers of a block from `inputs` to `outputs` channels.
    public init(
        _ scope: ParameterScope,
        inputs: Int,
        outputs: Int,
        sizes: ResidualSizes,
        scaleFactor: Double = 1
    ) {
        let rows = sizes.scalesAndShifts ? 2 * outputs : outputs
        first = GroupNorm(
            scope.scope("norm1"),
            channels: inputs,
            groups: sizes.groups,
            epsilon: sizes.epsilon,
            activation: .silu
        )
        firstConvolution = Convolution2D(
            scope.scope("conv1"),
            inputs: inputs,
            outputs: outputs,
            kernel: 3,
            padding: Padding(1)
        )
        embedding =
            sizes.embedding == 0
            ? nil : Linear(scope.scope("time_emb_proj"), inputs: sizes.embedding, outputs: rows)
        second = GroupNorm(
            scope.scope("norm2"),
            channels: outputs,
            groups: sizes.groups,
            epsilon: sizes.epsilon,
            activation: sizes.scalesAndShifts ? .identity : .silu
        )
        dropout = Dropout(rate: sizes.dropout)
        secondConvolution = Convolution2D(
            scope.scope("conv2"),
            inputs: outputs,
            outputs: outputs,
            kernel: 3,
            padding: Padding(1),
            start: sizes.last.map { ($0, $0) }
        )
        shortcut =
            inputs == outputs
            ? nil : Convolution2D(scope.scope("conv_shortcut"), inputs: inputs, outputs: outputs, kernel: 1)
        scalesAndShifts = sizes.scalesAndShifts
        outputScale = Float(1 / scaleFactor)
    }

    /// Maps `[B, H, W, inputs]` and `silu(embedding)` `[B, E]` to `[B, H, W, outputs]`; blocks without an embedding take none.
    ///
    /// The embedding comes activated because all blocks of a network activate the same one.
    public func callAsFunction(_ x: Tensor, activatedEmbedding: Tensor? = nil, _ context: ForwardContext) -> Tensor {
        let inner = firstConvolution(first(x, context), context)
        let hidden = conditioned(inner, projected(activatedEmbedding, context), context)
        let sum = (shortcut?(x, context) ?? x) + secondConvolution(dropout(hidden, context), context)
        return outputScale == 1 ? sum : sum * outputScale
    }

    /// What the embedding adds, `[B, 1, 1, C]`, or its scale and shift, `[B, 1, 1, 2 C]`.
    private func projected(_ activatedEmbedding: Tensor?, _ context: ForwardContext) -> Tensor? {
        precondition((embedding == nil) == (activatedEmbedding == nil), "an embedding for a block without, or none")
        guard let embedding, let activatedEmbedding else { return nil }
        let rows = embedding(activatedEmbedding, context)
        return rows.reshaped([rows.shape[0], 1, 1, rows.shape[1]])
    }

    private func conditioned(_ inner: Tensor, _ shift: Tensor?, _ context: ForwardContext) -> Tensor {
        guard let shift else { return second(inner, context) }
        guard scalesAndShifts else { return second(inner + shift, context) }
        let parts = shift.split(2, axis: 3)
        return (second(inner, context) * (parts[0] + 1) + parts[1]).silu()
    }
}
