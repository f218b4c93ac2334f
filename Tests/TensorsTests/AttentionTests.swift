import Buffers
import Tensors
import TestSupport
import Testing

struct AttentionTests {
    @Test("packed queries, keys and values give the bits of separate ones", arguments: TestedBackend.allCases)
    func packedBits(backend: TestedBackend) {
        // Whole and broken vectors, one and several blocks of queries and keys.
        for (tokens, headSize) in [(5, 3), (64, 16), (300, 8)] {
            let inputs = [randomData([2, tokens, 3, 2, headSize], seed: 5)]
            let packed = Evaluation(backend.backend, inputs) { [Tensor.attention(packed: $0[0])] }
            let separate = Evaluation(backend.backend, inputs) { inputs in
                let parts = inputs[0].split(3, axis: 2).map { $0.reshaped([2, tokens, 2, headSize]) }
                return [Tensor.attention(parts[0], parts[1], parts[2])]
            }
            #expect(packed.outputs == separate.outputs, "\(tokens) tokens")
            #expect(packed.gradients == separate.gradients, "\(tokens) tokens")
        }
    }

    // Every rounding is off by up to 2^-9 of its number. Two are on the way: of probabilities and of the result. Four or fewer are on the way
    // back: of the upstream gradient, the result, the gradients of scores, and the gradient. Sums of such errors are allowed twice that.
    @Test("attention in bfloat16 is near that of the same numbers in float32", arguments: [false, true])
    func narrow(biased: Bool) {
        // Odd and even sizes and counts, more than a panel of queries and more than a block of keys.
        let shapes = [(1, 1, 1), (3, 5, 7), (65, 129, 16), (64, 200, 64), (130, 33, 50), (70, 257, 130)]
        for (queries, keys, headSize) in shapes {
            var inputs = [queries, keys, keys].enumerated().map { index, rows in
                exact(randomData([2, rows, 2, headSize], seed: UInt64(index)))
            }
            if biased { inputs.append(randomData([1, 2, queries, keys], seed: 7)) }
            let wide = Evaluation(CPUBackend(threads: 2), inputs) { attention($0) }
            let narrow = Evaluation(CPUBackend(threads: 2), inputs) { inputs in
                attention(inputs.prefix(3).map { $0.converted(to: .bfloat16) } + inputs.dropFirst(3))
            }
            let shape = "\(queries) queries, \(keys) keys, size \(headSize)"
            expectNear(narrow.outputs[0], wide.outputs[0], 0x1p-7, shape)
            for (index, (actual, wanted)) in zip(narrow.gradients, wide.gradients).enumerated() {
                // The gradient of a softmax over one key is zero.
                if keys > 1 || index == 2 { expectNear(actual, wanted, 0x1p-6, "\(shape), gradient of input \(index)") }
            }
        }
    }

    private func attention(_ inputs: [Tensor]) -> [Tensor] {
        [Tensor.attention(inputs[0], inputs[1], inputs[2], bias: inputs.count > 3 ? inputs[3] : nil)]
    }

    /// The same numbers with 8 bits.
    private func exact(_ data: TensorData) -> TensorData {
        Compute.$backend.withValue(CPUBackend(threads: 1)) {
            TensorData(Tensor(data).converted(to: .bfloat16).floats, shape: data.shape)
        }
    }
}
