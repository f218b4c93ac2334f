import Buffers
import Tensors
import TestSupport
import Testing

struct MemoryTests {
    @Test("after the first step a step takes no memory from the system")
    func steps() {
        let backend = CPUBackend(threads: 2)
        let parameters = FlatBuffer((0..<200).map { Float($0 % 7) * 0.1 - 0.3 })
        let gradients = FlatBuffer(count: 200)
        let images = randomData([2, 6, 6, 4], seed: 3)
        let step = {
            let tape = Tape()
            let parameter = { (range: Range<Int>, shape: Shape) in
                tape.leaf(parameters.view(range, shape: shape), owner: parameters, range: range)
            }
            let features = Tensor(images)
                .convolution(parameter(0..<144, [4, 4, 3, 3]), padding: Padding(1))
                .groupNorm(groups: 2, epsilon: 1e-5, activation: .silu)
                .reshaped([2, 36, 1, 4])
            let mixed = Tensor.attention(features, features, features).reshaped([2, 36, 4])
            let result = mixed.linear(parameter(144..<160, [4, 4]), bias: parameter(160..<164, [4]))
            tape.backward(result.squared().mean(), into: gradients, of: parameters)
        }
        Compute.$backend.withValue(backend) {
            step()
            let misses = backend.counters.poolMisses
            for _ in 0..<3 { step() }
            #expect(misses > 0)
            #expect(backend.counters.poolMisses == misses)
            #expect(gradients.isFinite && gradients.squaredNorm > 0)
        }
    }
}
