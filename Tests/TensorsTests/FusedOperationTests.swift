import Buffers
import Tensors
import TestSupport
import Testing

/// Operations of one pass against the same made of several.
struct FusedOperationTests {
    /// Samples of one row, of one block of work and of several.
    private static let shapes: [Shape] = [[3, 1, 20], [3, 33, 20], [2, 600, 70], [2, 4, 5, 20]]

    // Fused products and sums round once instead of twice, and at most 600 terms are added in another order.
    private func expectEqual(
        _ backend: TestedBackend,
        _ inputs: [TensorData],
        _ fused: ([Tensor]) -> Tensor,
        _ composed: ([Tensor]) -> Tensor
    ) {
        let found = Evaluation(backend.backend, inputs) { [fused($0)] }
        let expected = Evaluation(backend.backend, inputs) { [composed($0)] }
        expectNear(found.outputs[0], expected.outputs[0], 1e-6, "output of \(inputs[0].shape)")
        for (index, (actual, wanted)) in zip(found.gradients, expected.gradients).enumerated() {
            expectNear(actual, wanted, 1e-5, "gradient of input \(index) of \(inputs[0].shape)")
        }
    }

    private func inputs(_ shape: Shape) -> [TensorData] {
        let vectors = Shape([shape[0]] + shape.dimensions.dropFirst().dropLast().map { _ in 1 } + [shape[-1]])
        return [shape, shape, vectors, vectors].enumerated().map { randomData($1, seed: UInt64($0) + 3) }
    }

    @Test("a norm with one scale and shift a sample is a norm, a product and a sum", arguments: TestedBackend.allCases)
    func modulatedNorm(backend: TestedBackend) {
        for shape in Self.shapes {
            expectEqual(
                backend,
                inputs(shape),
                { ($0[0] + $0[1]).layerNorm(scale: $0[2] + 1, shift: $0[3], epsilon: 0.1) },
                { ($0[0] + $0[1]).layerNorm(epsilon: 0.1) * ($0[2] + 1) + $0[3] }
            )
        }
    }

    @Test("a gated residual is a product and a sum", arguments: TestedBackend.allCases)
    func gatedResidual(backend: TestedBackend) {
        for shape in Self.shapes {
            expectEqual(
                backend,
                inputs(shape),
                { $0[0].adding($0[1], gate: $0[2]) * $0[3] },
                { ($0[0] + $0[2] * $0[1]) * $0[3] }
            )
        }
    }

    @Test("a gradient that a residual hands on is not added to in place", arguments: TestedBackend.allCases)
    func sharedGradient(backend: TestedBackend) {
        Compute.$backend.withValue(backend.backend) {
            let tape = Tape()
            let (a, b) = (tape.watch(Tensor([1], [1, 1])), tape.watch(Tensor([3], [1, 1])))
            let u = a * 1
            // The sum hands its gradient to u, which then receives more, and to b.
            let loss = (u.adding(a, gate: Tensor([2], [1, 1])) + b + u * 5).sum()
            #expect(tape.gradients(of: loss, withRespectTo: [a, b]).map(\.item) == [8, 1])
        }
    }
}
