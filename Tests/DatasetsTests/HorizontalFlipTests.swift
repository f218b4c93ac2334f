import Buffers
import Datasets
import Testing

@Suite("Horizontal flip")
struct HorizontalFlipTests {
    @Test("a mirrored image has its columns in reverse, and nothing else changes")
    func flip() throws {
        var always = HorizontalFlip()
        always.probability = 1
        var never = HorizontalFlip()
        never.probability = 0
        var random = RandomStream(seed: 1, purpose: .augmentation, index: 0)
        let example = Example(values: (0..<18).map { Float($0) }, shape: [2, 3, 3], label: 4)
        var mirrored = example
        always.apply(&mirrored, using: &random)
        #expect(mirrored.values == [6, 7, 8, 3, 4, 5, 0, 1, 2, 15, 16, 17, 12, 13, 14, 9, 10, 11])
        #expect(mirrored.label == 4)
        always.apply(&mirrored, using: &random)
        #expect(mirrored.values == example.values)
        never.apply(&mirrored, using: &random)
        #expect(mirrored.values == example.values)
    }

    // A share of 0.3 in 2,000 draws deviates by 0.0102; five deviations are 0.051.
    @Test("the share of mirrored images is the probability")
    func share() throws {
        var flip = HorizontalFlip()
        flip.probability = 0.3
        var count = 0
        for index in 0..<UInt64(2000) {
            var random = RandomStream(seed: 9, purpose: .augmentation, index: index)
            var example = Example(values: [0, 1], shape: [1, 2, 1], label: nil)
            flip.apply(&example, using: &random)
            count += example.values == [1, 0] ? 1 : 0
        }
        #expect(abs(Double(count) / 2000 - 0.3) < 0.051)
        flip.probability = 1.5
        #expect(throws: (any Error).self) { try flip.validate() }
    }
}
