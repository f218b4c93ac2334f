import Buffers
import Tensors

extension OperationCase {
    static let shaping = [
        OperationCase("reshaped", { [$0.image] }, { $0[0].reshaped([$0[0].shape.count]) }),
        OperationCase("permuted", { [$0.image] }, { $0[0].permuted([2, 0, 3, 1]) }),
        OperationCase("slices", { [$0.evenImage] }) {
            let h = $0[0].shape[1]
            return $0[0].slice(axis: 1, 0..<h / 2) * $0[0].slice(axis: 1, h / 2..<h)
        },
        OperationCase("slice of rows", { [[$0.b + 2, $0.c]] }, { $0[0].slice(axis: 0, 1..<$0[0].shape[0]) }),
        OperationCase("split", { [[$0.b, 3 * $0.c]] }) {
            let parts = $0[0].split(3, axis: -1)
            return parts[0] * parts[1] + parts[2].sin()
        },
        OperationCase("concatenate", { [[$0.b, $0.h, $0.c], [$0.b, $0.w, $0.c]] }) {
            Tensor.concatenate([$0[0], $0[1], $0[0]], axis: 1)
        },
        OperationCase("padded", { [$0.image] }) { $0[0].padded(Padding(top: 1, left: 0, bottom: 2, right: 1)) },
        OperationCase("replicated", { [$0.image] }) {
            $0[0].padded(Padding(top: 2, left: 1, bottom: 0, right: 3), mode: .replicate)
        },
        OperationCase("flipped", { [$0.image] }, { $0[0].flipped(axis: 2) }),
        OperationCase("broadcast", { [[$0.h, 1]] }, { $0[0].broadcast(to: [2, $0[0].shape[0], 4]) }),
        OperationCase("embedding", { [[$0.h, $0.c]] }) {
            let last = $0[0].shape[0] - 1
            return $0[0].embedding([0, last, last / 2, last, 0])
        },
        OperationCase("gatherTokens", { [$0.tokens] }) {
            let last = $0[0].shape[1] - 1
            return $0[0].gatherTokens((0..<$0[0].shape[0]).map { [$0 % (last + 1), last, last] })
        },
    ]

    static let products = [
        OperationCase("matmul", { [[$0.h, $0.w], [$0.w, $0.c]] }, { $0[0].matmul($0[1]) }),
        OperationCase("matmul transposed", { [[$0.h, $0.w], [$0.c, $0.w]] }) {
            $0[0].matmul($0[1], transposed: true)
        },
        OperationCase("matmul shared", { [[$0.b, $0.h, $0.w], [$0.w, $0.c]] }, { $0[0].matmul($0[1]) }),
        OperationCase("matmul batched", { [[$0.b, $0.h, $0.w], [$0.b, $0.w, $0.c]] }, { $0[0].matmul($0[1]) }),
        OperationCase("matmul batched transposed", { [[$0.b, 2, $0.h, $0.w], [$0.b, 2, $0.c, $0.w]] }) {
            $0[0].matmul($0[1], transposed: true)
        },
        OperationCase("matmul of one by many", { [[$0.h, $0.w], [$0.b, $0.w, $0.c]] }, { $0[0].matmul($0[1]) }),
        OperationCase("matmul of one by many transposed", { [[1, $0.h, $0.w], [$0.b, $0.c, $0.w]] }) {
            $0[0].matmul($0[1], transposed: true)
        },
        OperationCase("matmul crosswise", { [[$0.b, 1, $0.h, $0.w], [2, $0.w, $0.c]] }, { $0[0].matmul($0[1]) }),
        OperationCase("linear", { [$0.tokens, [$0.h + 1, $0.c], [$0.h + 1]] }) {
            $0[0].linear($0[1], bias: $0[2])
        },
        OperationCase("linear without bias", { [[$0.b, $0.c], [$0.h, $0.c]] }, { $0[0].linear($0[1]) }),
        OperationCase("linear twice", { [$0.tokens, [$0.c, $0.c], $0.channels] }) {
            $0[0].linear($0[1], bias: $0[2]).linear($0[1], bias: $0[2]) + $0[0]
        },
        OperationCase("feed-forward", { [$0.tokens, [$0.h + 1, $0.c], [$0.h + 1], [$0.w, $0.h + 1], [$0.w]] }) {
            $0[0].feedForward($0[1], $0[2], .geluTanh, $0[3], $0[4])
        },
        OperationCase("attention", { [[$0.b, $0.h, 2, $0.c], [$0.b, $0.w, 2, $0.c], [$0.b, $0.w, 2, $0.c]] }) {
            Tensor.attention($0[0], $0[1], $0[2])
        },
        OperationCase(
            "attention with shared bias",
            { [[$0.b, $0.h, 2, $0.c], [$0.b, $0.w, 2, $0.c], [$0.b, $0.w, 2, $0.c], [1, 2, $0.h, $0.w]] },
            { Tensor.attention($0[0], $0[1], $0[2], scale: 0.7, bias: $0[3]) }
        ),
        OperationCase(
            "attention with bias",
            { [[$0.b, $0.h, 1, $0.c], [$0.b, $0.w, 1, $0.c], [$0.b, $0.w, 1, $0.c], [$0.b, 1, $0.h, $0.w]] },
            { Tensor.attention($0[0], $0[1], $0[2], bias: $0[3]) }
        ),
        OperationCase("self-attention", { [[$0.b, $0.h, 3 * 2 * $0.c]] }) {
            let parts = $0[0].split(3, axis: -1).map { $0.reshaped([$0.shape[0], $0.shape[1], 2, $0.shape[2] / 2]) }
            return Tensor.attention(parts[0], parts[1], parts[2])
        },
        OperationCase("packed attention", { [[$0.b, $0.h, 3, 2, $0.c]] }) {
            Tensor.attention(packed: $0[0], scale: 0.7)
        },
    ]

    private static func convolution(
        _ name: String,
        kernel: Int,
        stride: Int = 1,
        padding: Padding
    ) -> OperationCase {
        OperationCase(name, { [$0.evenImage, [$0.h, $0.c, kernel, kernel], [$0.h]] }) {
            $0[0].convolution($0[1], bias: $0[2], stride: stride, padding: padding)
        }
    }

    static let convolutions = [
        convolution("convolution 3x3", kernel: 3, padding: Padding(1)),
        convolution("convolution 1x1", kernel: 1, padding: .zero),
        convolution("convolution 3x3 by 2", kernel: 3, stride: 2, padding: Padding(1)),
        convolution("convolution below", kernel: 3, stride: 2, padding: Padding(top: 0, left: 0, bottom: 1, right: 1)),
        convolution("convolution 4x4 by 2", kernel: 4, stride: 2, padding: Padding(1)),
        convolution("convolution of patches", kernel: 2, stride: 2, padding: .zero),
        convolution("convolution 1x1 by 2", kernel: 1, stride: 2, padding: .zero),
        OperationCase("convolution without bias", { [$0.image, [2, $0.c, 3, 3]] }) {
            $0[0].convolution($0[1], padding: Padding(1))
        },
        OperationCase("convolution by channel", { [$0.image, [$0.c, 1, 3, 3], $0.channels] }) {
            $0[0].convolution($0[1], bias: $0[2], padding: Padding(1), groups: $0[0].shape[3])
        },
        OperationCase("convolution in groups", { [[$0.b, $0.h, $0.w, 2 * $0.c], [4, $0.c, 3, 1]] }) {
            $0[0].convolution($0[1], padding: Padding(top: 1, left: 0, bottom: 1, right: 0), groups: 2)
        },
        OperationCase("transposed convolution 2x2", { [$0.image, [$0.c, 2, 2, 2], [2]] }) {
            $0[0].transposedConvolution($0[1], bias: $0[2], stride: 2)
        },
        OperationCase("transposed convolution 4x4", { [$0.image, [$0.c, 2, 4, 4]] }) {
            $0[0].transposedConvolution($0[1], stride: 2, padding: Padding(1))
        },
        OperationCase("convolution of volumes", { [[$0.b, 2, $0.h, $0.w, $0.c], [2, $0.c, 3, 3, 3], [2]] }) {
            $0[0].convolution3D($0[1], bias: $0[2], padding: 1)
        },
        OperationCase("convolution of depths", { [[$0.b, 2, $0.h, $0.w, $0.c], [2, $0.c, 3, 1, 1]] }) {
            $0[0].convolution3D($0[1], padding: 0, depthPadding: 1)
        },
    ]

    private static func affine(_ name: String, _ function: @escaping @Sendable ([Tensor]) -> Tensor) -> OperationCase {
        OperationCase(name, { [[$0.b, $0.h, $0.w, 2 * $0.c], [2 * $0.c], [2 * $0.c]] }, function)
    }

    static let norms = [
        affine("group norm") { $0[0].groupNorm(groups: 2, scale: $0[1], shift: $0[2], epsilon: 0.1) },
        affine("group norm and silu") {
            $0[0].groupNorm(groups: 2, scale: $0[1], shift: $0[2], epsilon: 0.1, activation: .silu)
        },
        affine("group norm with scale") { $0[0].groupNorm(groups: 1, scale: $0[1], epsilon: 0.1) + $0[2] },
        OperationCase("group norm alone", { [$0.tokens] }, { $0[0].groupNorm(groups: 1, epsilon: 0.1) }),
        affine("batch norm") { $0[0].batchNorm(scale: $0[1], shift: $0[2], epsilon: 0.1) },
        affine("layer norm") { $0[0].layerNorm(scale: $0[1], shift: $0[2], epsilon: 0.1) },
        affine("layer norm with shift") { $0[0].layerNorm(shift: $0[2], epsilon: 0.1) * $0[1] },
        OperationCase("modulated norm", { [$0.tokens, [$0.b, 1, $0.c], [$0.b, 1, $0.c]] }) {
            $0[0].layerNorm(scale: $0[1] + 1, shift: $0[2], epsilon: 0.1)
        },
        OperationCase("modulated norm of images", { [$0.image, [$0.b, 1, 1, $0.c], [$0.b, 1, 1, $0.c]] }) {
            $0[0].layerNorm(shift: $0[2], epsilon: 0.1) * $0[0].rmsNorm(scale: $0[1], epsilon: 0.1)
        },
        OperationCase("modulated norm of vectors", { [[$0.h, $0.c], [$0.h, $0.c]] }) {
            $0[0].layerNorm(scale: $0[1], shift: $0[1], epsilon: 0.1)
        },
        OperationCase("layer norm alone", { [$0.tokens] }, { $0[0].layerNorm(epsilon: 0.1) }),
        OperationCase("RMS norm", { [$0.tokens, $0.channels] }, { $0[0].rmsNorm(scale: $0[1], epsilon: 0.1) }),
        OperationCase("L2 norm", { [$0.tokens] }, { $0[0].normalizedL2(epsilon: 1e-6) }).kinked(),
        OperationCase("global response norm", { [$0.image] }, { $0[0].globalResponseNorm(epsilon: 0.1) }).kinked(),
    ]

    static let residuals = [
        OperationCase("gated residual", { [$0.tokens, $0.tokens, [$0.b, 1, $0.c]] }) {
            $0[0].adding($0[1], gate: $0[2])
        },
        OperationCase("gated residual of images", { [$0.image, [$0.b, 1, 1, $0.c]] }) {
            $0[0].adding($0[0].sin(), gate: $0[1]) + $0[0].adding($0[0], gate: $0[1])
        },
        OperationCase("gated residual of constants", { [$0.tokens, [$0.b, 1, $0.c]] }) {
            let (tokens, gate) = (Tensor.full($0[0].shape, 0.5), Tensor.full($0[1].shape, 0.3))
            return $0[0].adding(tokens, gate: $0[1]) * tokens.adding($0[0], gate: gate)
        },
    ]

    static let images = [
        OperationCase("nearest", { [$0.image] }, { $0[0].upsampledNearest2() }),
        OperationCase("bilinear", { [$0.image] }, { $0[0].upsampledBilinear2() }),
        OperationCase("average", { [$0.evenImage] }, { $0[0].averagePooled2() }),
        OperationCase("shuffle", { [[$0.b, $0.h, $0.w, 4 * $0.c]] }, { $0[0].pixelShuffled2() }),
        OperationCase("unshuffle", { [$0.evenImage] }, { $0[0].pixelUnshuffled2() }),
        OperationCase("wavelets", { [$0.evenImage] }) {
            let bands = $0[0].haar()
            return bands[0] * bands[1] + bands[2] * bands[3]
        },
        OperationCase("inverse wavelets", { [$0.image, $0.image] }) {
            Tensor.inverseHaar([$0[0], $0[1], $0[0].sin(), $0[1] * 2])
        },
        OperationCase("spectrum", { [$0.image] }, { $0[0].powerSpectrum() }),
    ]
}
