import Buffers
public import Tensors

/// Multi-head self-attention of tokens with one map to queries, keys and values, named `qkv` and `proj`.
///
/// Source: Vaswani et al. 2017, arXiv:1706.03762, equation 1; layout of Dosovitskiy et al. 2020, arXiv:2010.11929.
public struct SelfAttention: Module {
    private let qkv: Linear
    private let projection: Linear
    private let heads: Int

    /// Registers the layers.
    ///
    /// `heads` must divide the width. Weights start Xavier uniform, biases zero.
    public init(_ scope: ParameterScope, width: Int, heads: Int) {
        precondition(width.isMultiple(of: heads), "width \(width) in \(heads) heads")
        let wide = Initializer.xavierUniform(fanIn: width, fanOut: 3 * width)
        let square = Initializer.xavierUniform(fanIn: width, fanOut: width)
        qkv = Linear(scope.scope("qkv"), inputs: width, outputs: 3 * width, weight: wide, bias: .zeros)
        projection = Linear(scope.scope("proj"), inputs: width, outputs: width, weight: square, bias: .zeros)
        self.heads = heads
    }

    /// Mixes tokens `[B, N, width]`.
    public func callAsFunction(_ x: Tensor, _ context: ForwardContext) -> Tensor {
        let packed = qkv(x, context).reshaped([x.shape[0], x.shape[1], 3, heads, x.shape[2] / heads])
        return projection(Tensor.attention(packed: packed).joinHeads(), context)
    }
}

/// Self-attention over the pixels of an image behind a group norm, added to its input.
///
/// Layers are named `group_norm`, `to_q`, `to_k`, `to_v` and `to_out.0`.
public struct ImageAttention: Module {
    private let norm: GroupNorm
    private let maps: [Linear]
    private let projection: Linear
    private let heads: Int
    private let outputScale: Float

    /// Registers the layers for an image of `channels`; the result is divided by `scaleFactor`.
    public init(_ scope: ParameterScope, channels: Int, sizes: ResidualSizes, headSize: Int, scaleFactor: Double) {
        precondition(channels.isMultiple(of: headSize), "\(channels) channels in heads of \(headSize)")
        norm = GroupNorm(
            scope.scope("group_norm"),
            channels: channels,
            groups: sizes.groups,
            epsilon: sizes.epsilon
        )
        maps = ["to_q", "to_k", "to_v"].map { Linear(scope.scope($0), inputs: channels, outputs: channels) }
        projection = Linear(
            scope.scope("to_out.0"),
            inputs: channels,
            outputs: channels,
            weight: sizes.last,
            bias: sizes.last
        )
        heads = channels / headSize
        outputScale = Float(1 / scaleFactor)
    }

    /// Mixes the pixels of `[B, H, W, C]`.
    public func callAsFunction(_ x: Tensor, _ context: ForwardContext) -> Tensor {
        let tokens = norm(x, context).reshaped([x.shape[0], x.shape[1] * x.shape[2], x.shape[3]])
        let parts = maps.map { $0(tokens, context).splitHeads(heads) }
        let mixed = Tensor.attention(parts[0], parts[1], parts[2]).joinHeads()
        let sum = x + projection(mixed, context).reshaped(x.shape)
        return outputScale == 1 ? sum : sum * outputScale
    }
}

extension Tensor {
    /// `[B, N, C]` as `[B, N, heads, C / heads]`.
    func splitHeads(_ heads: Int) -> Tensor {
        reshaped([shape[0], shape[1], heads, shape[2] / heads])
    }

    /// `[B, N, H, D]` as `[B, N, H D]`.
    func joinHeads() -> Tensor {
        reshaped([shape[0], shape[1], shape[2] * shape[3]])
    }
}
