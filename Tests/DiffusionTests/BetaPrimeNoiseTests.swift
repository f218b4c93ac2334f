import Buffers
import Diffusion
import TestSupport
import Testing

@Suite("Beta-prime noise")
struct BetaPrimeNoiseTests {
    private static let count = 6000

    private func law(_ dimensions: Double) -> BetaPrimeNoise {
        with(BetaPrimeNoise()) { $0.dimensions = dimensions }
    }

    /// `R / sqrt(N)` of many samples of 64 numbers, `R` the length.
    private func lengths(_ dimensions: Double) -> [Double] {
        (0..<UInt64(Self.count)).map { index in
            var random = RandomStream(seed: 2, purpose: .noise, index: index)
            let numbers = law(dimensions).draw([8, 8, 1], using: &random).floats
            return (numbers.reduce(0.0) { $0 + Double($1) * Double($1) } / 64).squareRoot()
        }
    }

    // For 64 numbers: dimensions, E[R^2] / N, deviation of R / sqrt(N). R^2 / N deviates by twice that of R, which its
    // mean over 6000 samples divides by 77 and the deviation itself by 110; four times those, and the table's rounding.
    @Test(
        "has the known moments of its length",
        arguments: [(64.0, 1.03225806, 0.127), (128, 1.01587302, 0.109), (2048, 1.00097752, 0.0896)]
    )
    func moments(dimensions: Double, square: Double, deviation: Double) {
        expectClose(law(dimensions).variance, square, absolute: 1e-8)
        let lengths = lengths(dimensions)
        let count = Double(lengths.count)
        expectClose(lengths.reduce(0) { $0 + $1 * $1 } / count, square, absolute: 8 * deviation / 77)
        let mean = lengths.reduce(0, +) / count
        let variance = lengths.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
        expectClose(variance.squareRoot(), deviation, absolute: 4 * deviation / 110 + 5e-4)
    }

    // The density of R / 8 at its median for one dimension is about 0.3, so that the median of 6000 deviates by 0.02.
    @Test("of one dimension has no variance, but a median")
    func heavy() {
        #expect(law(1).variance == .infinity && law(2).variance == .infinity)
        expectClose(lengths(1).sorted()[Self.count / 2], 1.47, absolute: 0.08)
    }

    // The greatest distance of the distributions is 0.019 for 8 dimensions; 40000 draws of one and the same law reach
    // 1.95 / 200 once in a thousand times.
    @Test("is normal in the limit of many dimensions, and only there", arguments: zip([1e6, 8], [true, false]))
    func normality(dimensions: Double, isNormal: Bool) {
        let values = (0..<40_000 as Range<UInt64>).map { index in
            var random = RandomStream(seed: 4, purpose: .noise, index: index)
            return Double(law(dimensions).draw([1, 1, 1], using: &random).floats[0])
        }
        #expect((NormalityTest.distance(values) < 1.95 / 200) == isNormal)
    }

    @Test("of very many dimensions is the white noise of the same stream")
    func limit() {
        var (random, same) = (
            RandomStream(seed: 1, purpose: .noise, index: 2), RandomStream(seed: 1, purpose: .noise, index: 2)
        )
        // A chi-square number over its dimensions deviates from 1 by sqrt(2 / 10^9).
        expectClose(
            law(1e9).draw([4, 4, 2], using: &random).floats,
            same.normal([4, 4, 2]).floats,
            Tolerance(relative: 2e-4)
        )
    }

    @Test("is bounded by the authors' cut")
    func bound() {
        for index in 0..<2000 as Range<UInt64> {
            var random = RandomStream(seed: 5, purpose: .noise, index: index)
            let numbers = law(1).draw([2, 2, 1], using: &random).floats
            let square = numbers.reduce(0.0) { $0 + Double($1) * Double($1) }
            #expect(square <= 999.001)
        }
    }

    @Test("refuses fewer dimensions than one")
    func ranges() {
        expectRefused("dimensions", with(BetaPrimeNoise()) { $0.dimensions = 0.5 })
    }
}
