import Buffers
import Diffusion
import Tensors
import Testing

@Suite("Noise by sample")
struct SampleNoiseTests {
    @Test("is each sample's own stream")
    func streams() {
        var all = SampleNoise(seed: 3, samples: 5..<8)
        let first = all.normal([3, 2, 2, 1])
        let second = all.normal([3, 2, 2, 1])
        for row in 0..<3 {
            var own = RandomStream(seed: 3, purpose: .sampling, index: 5 + UInt64(row))
            let expected = [own.normal([2, 2, 1]).floats, own.normal([2, 2, 1]).floats]
            #expect([first, second].map { $0.data.rows(row..<row + 1).floats } == expected)
        }
    }
}
