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
}
