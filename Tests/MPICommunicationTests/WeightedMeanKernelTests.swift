import CKernels
import TestSupport
import Testing

@Suite("The kernel of means in memory")
struct WeightedMeanKernelTests {
    /// The kernel over arrays; the targets take the place of the sources.
    private func mean(_ sources: [[Float]], _ weights: [Float], divisor: Float) -> (values: [[Float]], isFinite: Bool) {
        let count = sources[0].count
        let memory = sources.map { source in
            let pointer = UnsafeMutablePointer<Float>.allocate(capacity: max(1, count))
            pointer.update(from: source, count: count)
            return pointer
        }
        defer { for pointer in memory { pointer.deallocate() } }
        let from: [UnsafePointer<Float>?] = memory.map { UnsafePointer($0) }
        let to: [UnsafeMutablePointer<Float>?] = memory.map { $0 }
        let isFinite = ck_weighted_mean(from, weights, from.count, divisor, to, to.count, count)
        return (memory.map { Array(UnsafeBufferPointer(start: $0, count: count)) }, isFinite)
    }

    /// Zeros take the place of withdrawn members; every operation is rounded.
    private func plain(_ sources: [[Float]], _ weights: [Float], divisor: Float) -> [Float] {
        sources[0].indices.map { index in
            var sum = weights[0] == 0 ? 0 : weights[0] * sources[0][index]
            for member in 1..<sources.count {
                let product = weights[member] == 0 ? 0 : weights[member] * sources[member][index]
                sum += product
            }
            return sum / divisor
        }
    }

    @Test(
        "gives the bits of a plain loop",
        arguments: [1, 2, 511, 512, 513, 1500],
        [[3], [1, 1], [0.3, 2, 7], [5, 0, 1, 0.1]]
    )
    func bits(count: Int, weights: [Float]) {
        var generator = SeededGenerator(seed: UInt64(count))
        let sources = weights.map { _ in generator.floats(count) }
        for divisor: Float in [1, 3] {
            let expected = plain(sources, weights, divisor: divisor).map(\.bitPattern)
            let (results, isFinite) = mean(sources, weights, divisor: divisor)
            #expect(isFinite)
            for result in results where result.map(\.bitPattern) != expected { Issue.record("\(weights) / \(divisor)") }
        }
    }

    @Test("reads nothing of a withdrawn member, and turns -0 into 0 for it")
    func withdrawn() {
        let (results, isFinite) = mean([[.nan, .infinity], [-0.0, 4]], [0, 2], divisor: 2)
        #expect(isFinite)
        for result in results { #expect(result.map(\.bitPattern) == [Float(0), 4].map(\.bitPattern)) }
        #expect(mean([[.nan]], [0], divisor: 1).values == [[0]])
    }

    @Test("finds values that are not finite", arguments: [Float.nan, .infinity, -.infinity], [0, 600, 1023])
    func notFinite(bad: Float, place: Int) {
        var values = [Float](repeating: 1, count: 1024)
        values[place] = bad
        #expect(!mean([[Float](repeating: 1, count: 1024), values], [1, 2], divisor: 3).isFinite)
    }
}
