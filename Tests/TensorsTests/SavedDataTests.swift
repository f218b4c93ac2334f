import Buffers
import TestSupport
import Testing

@testable import Tensors

/// Results that are made again on the way back instead of kept.
struct SavedDataTests {
    /// An operation whose result is made again, and its inputs.
    enum Cheap: CaseIterable {
        case activation
        case groupNorm
        case layerNorm
        case modulatedNorm

        func callAsFunction(_ x: Tensor, _ scale: Tensor, _ shift: Tensor) -> Tensor {
            switch self {
            case .activation: (x * scale).gelu(.tanh)
            case .groupNorm: x.groupNorm(groups: 4, scale: scale, shift: shift, epsilon: 0.1, activation: .silu)
            case .layerNorm: x.layerNorm(scale: scale, shift: shift, epsilon: 0.1)
            case .modulatedNorm:
                x.layerNorm(
                    scale: (scale.reshaped([1, 1, 1, 32]) * Tensor.ones([2, 1, 1, 32])),
                    shift: (shift.reshaped([1, 1, 1, 32]) * Tensor.ones([2, 1, 1, 32])),
                    epsilon: 0.1
                )
            }
        }
    }

    /// Outputs and all gradients of a cheap operation between a product before it and several users behind it.
    private func gradients(_ cheap: Cheap, _ dtype: DType, users: (Tensor, Tensor) -> [Tensor]) -> [[Float]] {
        let x = randomData([2, 6, 6, 32], seed: 1).converted(to: dtype)
        return Compute.$backend.withValue(TestedBackend.cpu.backend) {
            let tape = Tape()
            let shapes: [Shape] = [[32], [32], [32, 32, 3, 3], [32, 32]]
            let others = shapes.enumerated().map { randomData($1, seed: UInt64($0) + 2) }
            let inputs = ([x] + others).map { tape.watch(Tensor($0)) }
            let made = cheap(inputs[0], inputs[1], inputs[2])
            let results = users(made, inputs[3]) + [made.reshaped([2, 36, 32]).linear(inputs[4]).reshaped(made.shape)]
            let loss = results.map { ($0 * $0).sum() }.reduce(Tensor(0), +)
            return tape.gradients(of: loss, withRespectTo: inputs).map(\.floats)
        }
    }

    @Test("gradients have the bits of kept results, for one user and for several", arguments: Cheap.allCases)
    func bits(cheap: Cheap) {
        for dtype in [DType.float32, .bfloat16] {
            let remade = gradients(cheap, dtype) { made, kernel in
                #expect(made.remade != nil)
                return [made.convolution(kernel, padding: Padding(1)), made.convolution(kernel, padding: Padding(1))]
            }
            // Without its source a tensor is kept.
            let kept = gradients(cheap, dtype) { made, kernel in
                let kept = Tensor(made.data, tape: made.tape, node: made.node)
                return [kept.convolution(kernel, padding: Padding(1)), kept.convolution(kernel, padding: Padding(1))]
            }
            #expect(remade == kept, "\(cheap) in \(dtype)")
        }
    }

    @Test("a result is made once for all its users and let go before the next operation runs backward")
    func sharing() {
        var count = 0
        let source = RemadeData {
            count += 1
            return TensorData.filled([2], 3)
        }
        #expect(SavedData.remade(source, [2]).data.floats == [3, 3])
        #expect(SavedData.remade(source, [1, 2]).data.shape == [1, 2])
        #expect(count == 1)
        source.release()
        _ = source.get()
        #expect(count == 2)
    }

    @Test(
        "a feed-forward layer has the bits of two linear layers around an activation",
        arguments: [DType.float32, .bfloat16]
    )
    func feedForward(dtype: DType) {
        let shapes: [Shape] = [[2, 40, 24], [56, 24], [56], [24, 56], [24]]
        let inputs = shapes.enumerated().map { randomData($1, seed: UInt64($0) + 9) }
        func gradients(_ body: ([Tensor]) -> Tensor) -> [[Float]] {
            Compute.$backend.withValue(TestedBackend.cpu.backend) {
                let tape = Tape()
                let leaves = inputs.map { tape.watch(Tensor($0).converted(to: $0.shape.rank > 1 ? dtype : .float32)) }
                let result = body(leaves)
                let found = tape.gradients(of: (result * result).sum(), withRespectTo: leaves)
                return [result.floats] + found.map(\.floats)
            }
        }
        let fused = gradients { $0[0].feedForward($0[1], $0[2], .geluTanh, $0[3], $0[4]) }
        let apart = gradients { $0[0].linear($0[1], bias: $0[2]).gelu(.tanh).linear($0[3], bias: $0[4]) }
        for (index, (one, other)) in zip(fused, apart).enumerated() {
            // The gradients before the activation: only apart they are rounded before they meet its derivative.
            if dtype == .bfloat16, (1...3).contains(index) { continue }
            #expect(one == other, "\(index)")
        }
    }

    @Test("a chain of norms and products keeps one tensor a layer, not two")
    func memory() {
        func peak(_ isKept: Bool) -> Int {
            let backend = CPUBackend(threads: 1)
            Compute.$backend.withValue(backend) {
                let tape = Tape()
                let weight = tape.watch(Tensor(randomData([64, 64], seed: 1)))
                var x = tape.watch(Tensor(randomData([1, 2000, 64], seed: 2)))
                for _ in 0..<8 {
                    let normal = x.layerNorm(epsilon: 0.1)
                    let input = isKept ? Tensor(normal.data, tape: normal.tape, node: normal.node) : normal
                    x = input.linear(weight)
                }
                _ = tape.gradients(of: x.sum(), withRespectTo: [weight])
            }
            return backend.counters.peakBytes
        }
        let size = 4 * 2000 * 64
        // Of eight norms one is there at a time.
        #expect(peak(true) - peak(false) >= 6 * size)
    }
}
