import Testing

@testable import Communication

@Suite("The aggregator norm-bounded-mean")
struct NormBoundedMeanTests {
    private func length(_ x: [Float]) -> Double {
        x.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    }

    @Test("scales long parts down to the median length, as computed by hand")
    func byHand() throws {
        // Lengths 5, 10 and 50: the last becomes (6, 8).
        let parts: [[Float]] = [[3, 4], [6, 8], [30, 40]]
        let equal = NormBoundedMean().combined(parts, weights: [1, 1, 1])
        #expect(abs(equal[0] - 5) < 1e-6 && abs(equal[1] - 20.0 / 3) < 1e-6)
        let weighted = NormBoundedMean().combined(parts, weights: [1, 1, 2])
        #expect(abs(weighted[0] - 5.25) < 1e-6 && abs(weighted[1] - 7) < 1e-6)
        // Of two middle lengths the smaller one counts: 3 is cut to 1.
        #expect(abs(NormBoundedMean().combined([[1], [3]], weights: [1, 1])[0] - 1) < 1e-6)
        #expect(NormBoundedMean().combined([[0], [0], [7]], weights: [1, 1, 1]) == [0])
        try NormBoundedMean().validate()
    }

    @Test("is the weighted mean where all parts are equally long")
    func equalLengths() {
        let parts: [[Float]] = [[3, 4], [4, -3], [-5, 0]]
        #expect(NormBoundedMean().combined(parts, weights: [1, 2, 1]) == [1.5, -0.5])
    }

    @Test(
        "keeps the result of a minority of any size within the median length",
        arguments: [1e3, 1e15, 1e30] as [Float]
    )
    func minority(size: Float) {
        let honest = (0..<4).map { Example.values(500, seed: UInt64($0)) }
        let liars = (4..<7).map { Example.values(500, seed: UInt64($0)).map { $0 / 8 * size } }
        let weights = [Float](repeating: 1, count: 7)
        let bounded = NormBoundedMean().combined(honest + liars, weights: weights)
        // The bound is the fourth of seven lengths, that of the longest honest part.
        let longest = honest.map(length).max() ?? 0
        #expect(length(bounded) <= longest * (1 + 1e-6))
        // Liars that send nothing lower the bound instead.
        let silent = NormBoundedMean().combined(honest + liars.map { $0.map { _ in 0 } }, weights: weights)
        #expect(length(silent) <= longest)
        let unbounded = WeightedMean().combined(honest + liars, weights: weights)
        #expect(length(unbounded) > 10 * longest)
    }

    @Test("has no overflow at the limits of what members may send")
    func limits() {
        let count = 20_000
        func part(_ value: Float) -> [Float] { [Float](repeating: value, count: count) }
        let large = NormBoundedMean().combined([part(1e30), part(-1e30), part(1e30)], weights: [5e7, 1, 5e7])
        #expect(large.allSatisfy { $0.isFinite && $0 > 0.99e30 && $0 <= 1e30 })
        // The two honest thirds stay; what is 67 powers of ten too long may become zero.
        let small = NormBoundedMean().combined([part(1e-37), part(1e-37), part(1e30)], weights: [1, 1, 1])
        #expect(small.allSatisfy { $0 > 0.66e-37 && $0 < 1.01e-37 })
    }
}
