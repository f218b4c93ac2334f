import Buffers
import Tensors

/// An operation of the golden file: the names of its inputs there and the same function here, on channels-first images.
struct GoldenOperation: Sendable, CustomStringConvertible {
    let name: String
    let inputs: [String]
    let function: @Sendable ([Tensor]) -> [Tensor]

    var description: String { name }

    init(_ name: String, _ inputs: String, _ function: @escaping @Sendable ([Tensor]) -> [Tensor]) {
        self.name = name
        self.inputs = inputs.map(String.init)
        self.function = function
    }

    static let all = convolutions + norms + activations + products + images + indexed
}

/// `[B, C, H, W]` to `[B, H, W, C]`.
private func last(_ x: Tensor) -> Tensor { x.permuted([0, 2, 3, 1]) }

/// `[B, H, W, C]` to `[B, C, H, W]`.
private func first(_ x: Tensor) -> Tensor { x.permuted([0, 3, 1, 2]) }

extension GoldenOperation {
    private static func convolution(
        _ name: String,
        stride: Int = 1,
        padding: Padding = .zero,
        groups: Int = 1
    ) -> GoldenOperation {
        GoldenOperation(name, "xwb") {
            [first(last($0[0]).convolution($0[1], bias: $0[2], stride: stride, padding: padding, groups: groups))]
        }
    }

    private static func transposed(_ name: String, padding: Padding) -> GoldenOperation {
        GoldenOperation(name, "xwb") {
            [first(last($0[0]).transposedConvolution($0[1], bias: $0[2], stride: 2, padding: padding))]
        }
    }

    static let convolutions = [
        convolution("conv3x3", padding: Padding(1)),
        convolution("conv1x1"),
        convolution("conv3x3_s2_p1", stride: 2, padding: Padding(1)),
        convolution("conv3x3_s2_asym", stride: 2, padding: Padding(top: 0, left: 0, bottom: 1, right: 1)),
        convolution("conv4x4_s2_p1", stride: 2, padding: Padding(1)),
        convolution("conv4x4_s1_p1", padding: Padding(1)),
        convolution("conv_patch2", stride: 2),
        convolution("conv_depthwise", padding: Padding(1), groups: 4),
        convolution("conv_grouped3", padding: Padding(1), groups: 3),
        transposed("convT_k2s2", padding: .zero),
        transposed("convT_k4s2p1", padding: Padding(1)),
        GoldenOperation("conv3d_k333", "xwb") {
            let volume = $0[0].permuted([0, 2, 3, 4, 1])
            return [volume.convolution3D($0[1], bias: $0[2], padding: 1).permuted([0, 4, 1, 2, 3])]
        },
    ]

    static let norms = [
        GoldenOperation("groupnorm_g4_eps1e-5", "xwb") {
            [first(last($0[0]).groupNorm(groups: 4, scale: $0[1], shift: $0[2], epsilon: 1e-5))]
        },
        GoldenOperation("layernorm", "xwb") { [$0[0].layerNorm(scale: $0[1], shift: $0[2], epsilon: 1e-5)] },
        GoldenOperation("layernorm_noaffine_1e-6", "x") { [$0[0].layerNorm(epsilon: 1e-6)] },
        GoldenOperation("instancenorm", "x") { [first(last($0[0]).groupNorm(groups: 3, epsilon: 1e-5))] },
        GoldenOperation("batchnorm_train", "xwb") {
            [first(last($0[0]).batchNorm(scale: $0[1], shift: $0[2], epsilon: 1e-5))]
        },
        GoldenOperation("l2_normalize", "x") { [$0[0].normalizedL2(epsilon: 1e-12)] },
        GoldenOperation("grn", "x") { [$0[0].globalResponseNorm(epsilon: 1e-6)] },
    ]

    static let activations = [
        GoldenOperation("act_silu", "x") { [$0[0].silu()] },
        GoldenOperation("act_gelu_erf", "x") { [$0[0].gelu()] },
        GoldenOperation("act_gelu_tanh", "x") { [$0[0].gelu(.tanh)] },
        GoldenOperation("act_relu", "x") { [$0[0].relu()] },
        GoldenOperation("act_leaky02", "x") { [$0[0].leakyReLU()] },
        GoldenOperation("act_tanh", "x") { [$0[0].tanh()] },
        GoldenOperation("act_sigmoid", "x") { [$0[0].sigmoid()] },
        GoldenOperation("act_softplus", "x") { [$0[0].softplus()] },
        GoldenOperation("act_exp", "x") { [$0[0].exp()] },
        GoldenOperation("geglu", "x") { [$0[0].geglu()] },
        GoldenOperation("softmax", "x") { [$0[0].softmax()] },
        GoldenOperation("log_softmax", "x") { [$0[0].logSoftmax()] },
    ]

    /// Heads stand before tokens in the golden file and behind them here.
    private static func heads(_ x: Tensor) -> Tensor { x.permuted([0, 2, 1, 3]) }

    static let products = [
        GoldenOperation("linear", "xwb") { [$0[0].linear($0[1], bias: $0[2])] },
        GoldenOperation("attention_2heads", "qkv") {
            [heads(Tensor.attention(heads($0[0]), heads($0[1]), heads($0[2]), scale: 0.5))]
        },
        GoldenOperation("attention_bias", "qkvb") {
            [heads(Tensor.attention(heads($0[0]), heads($0[1]), heads($0[2]), scale: 0.5, bias: $0[3]))]
        },
    ]

    static let images = [
        GoldenOperation("up_nearest2", "x") { [first(last($0[0]).upsampledNearest2())] },
        GoldenOperation("up_bilinear2", "x") { [first(last($0[0]).upsampledBilinear2())] },
        GoldenOperation("avgpool2", "x") { [first(last($0[0]).averagePooled2())] },
        GoldenOperation("pixel_unshuffle2", "x") { [first(last($0[0]).pixelUnshuffled2())] },
        GoldenOperation("pixel_shuffle2", "x") { [first(last($0[0]).pixelShuffled2())] },
        GoldenOperation("replication_pad1", "x") { [first(last($0[0]).padded(Padding(1), mode: .replicate))] },
        GoldenOperation("haar_dwt", "x") { last($0[0]).haar().map(first) },
        GoldenOperation("haar_iwt", "abcd") { [first(Tensor.inverseHaar($0.map(last)))] },
        GoldenOperation("fft2_ortho_abs2", "x") { [first(last($0[0]).powerSpectrum())] },
    ]

    static let indexed = [
        GoldenOperation("gather_tokens", "x") { [$0[0].gatherTokens([[0, 2, 3], [1, 1, 0]])] },
        GoldenOperation("embedding", "w") { [$0[0].embedding([0, 2, 3, 1, 1, 0]).reshaped([2, 3, 4])] },
        GoldenOperation("cross_entropy_ls01", "x") {
            [Tensor.crossEntropy($0[0], labels: [0, 4, 2, 2, 1, 3], smoothing: 0.1).reshaped([1])]
        },
    ]
}
