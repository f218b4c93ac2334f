import Buffers
import Testing

@Suite("Random numbers of a distribution")
struct DistributionsTests {
    private static let count = 1 << 16

    private func draw(_ index: UInt64, _ number: (inout RandomStream) -> Double) -> Moments {
        var stream = RandomStream(seed: 11, purpose: .noise, index: index)
        return Moments((0..<DistributionsTests.count).map { _ in number(&stream) })
    }

    @Test("are standard normal, one by one and in arrays")
    func normal() {
        draw(0) { $0.normal() }.expectStandardNormal()
        var stream = RandomStream(seed: 12, purpose: .noise, index: 0)
        Moments(stream.normal([DistributionsTests.count]).floats).expectStandardNormal()
    }

    @Test("have the share of normal numbers beyond one, two and three deviations")
    func tails() {
        var stream = RandomStream(seed: 13, purpose: .noise, index: 0)
        let numbers = Moments(stream.normal([DistributionsTests.count]).floats)
        for (bound, share) in [(1.0, 0.317_310_508), (2, 0.045_500_264), (3, 0.002_699_796)] {
            let found = numbers.mean { abs($0) > bound ? 1 : 0 }
            numbers.expect(found, is: share, variance: share * (1 - share), "beyond \(bound)")
        }
    }

    @Test("are uniform in [0, 1), one by one and in arrays")
    func uniform() {
        var stream = RandomStream(seed: 14, purpose: .time, index: 0)
        for numbers in [draw(1) { $0.uniform() }, Moments(stream.uniform([DistributionsTests.count]).floats)] {
            #expect(numbers.values.allSatisfy { $0 >= 0 && $0 < 1 })
            numbers.expect(numbers.mean { $0 }, is: 0.5, variance: 1.0 / 12, "mean")
            numbers.expect(numbers.mean { $0 * $0 }, is: 1.0 / 3, variance: 4.0 / 45, "square")
            for bin in 0..<16 {
                let share = numbers.mean { Int($0 * 16) == bin ? 1 : 0 }
                numbers.expect(share, is: 1.0 / 16, variance: 15.0 / 256, "bin \(bin)")
            }
        }
    }

    @Test("are standard logistic: variance pi^2 / 3, and the sigmoid makes them uniform")
    func logistic() {
        let numbers = draw(2) { $0.logistic() }
        let variance = Double.pi * Double.pi / 3
        numbers.expect(numbers.mean { $0 }, is: 0, variance: variance, "mean")
        // The fourth moment is 21/5 of the squared variance.
        numbers.expect(numbers.mean { $0 * $0 }, is: variance, variance: 3.2 * variance * variance, "variance")
        numbers.expect(numbers.mean { $0 > 1.098_612_288_668_11 ? 1 : 0 }, is: 0.25, variance: 0.1875, "quartile")
        #expect(numbers.values.allSatisfy { $0.isFinite })
    }

    @Test("are normal within the bound and never beyond it")
    func truncated() {
        let numbers = draw(3) { $0.truncatedNormal(bound: 2) }
        #expect(numbers.values.allSatisfy { abs($0) <= 2 })
        numbers.expect(numbers.mean { $0 }, is: 0, variance: 0.773_741_3, "mean")
        // 1 - 2 b pdf(b) / (2 cdf(b) - 1) for b = 2; the fourth moment is 1.4161891.
        numbers.expect(numbers.mean { $0 * $0 }, is: 0.773_741_3, variance: 0.817_513, "variance")
    }

    @Test("are integers below the bound, all equally often")
    func integers() {
        var stream = RandomStream(seed: 15, purpose: .order, index: 0)
        var counts = [Double](repeating: 0, count: 7)
        for _ in 0..<DistributionsTests.count { counts[Int(stream.integer(below: 7))] += 1 }
        let expected = Double(DistributionsTests.count) / 7
        let chiSquared = counts.reduce(0) { $0 + ($1 - expected) * ($1 - expected) / expected }
        // Six degrees of freedom: beyond 38.3 by chance once in a million.
        #expect(chiSquared < 38.3)
        #expect(stream.integer(below: 1) == 0)
        #expect((0..<100).allSatisfy { _ in stream.integer(below: .max) < .max })
    }

    // The mean and the variance of a gamma number are its shape, the fourth central moment 3 k^2 + 6 k.
    @Test("are gamma numbers, of shapes below and above 1", arguments: [0.5, 1, 4.5, 1000])
    func gamma(shape: Double) {
        let numbers = draw(4) { $0.gamma(shape: shape) }
        #expect(numbers.values.allSatisfy { $0 > 0 && $0.isFinite })
        numbers.expect(numbers.mean { $0 }, is: shape, variance: shape, "mean")
        let spread = numbers.mean { ($0 - shape) * ($0 - shape) }
        numbers.expect(spread, is: shape, variance: 2 * shape * shape + 6 * shape, "variance")
        guard shape == 1 else { return }
        // An exponential number is beyond ln 2 half of the times.
        numbers.expect(numbers.mean { $0 > 0.693_147_180_559_945 ? 1 : 0 }, is: 0.5, variance: 0.25, "median")
    }

    @Test("stop the program where a bound would reject nearly everything")
    func preconditions() async {
        await #expect(processExitsWith: .failure) {
            var stream = RandomStream(seed: 0, purpose: .noise, index: 0)
            _ = stream.truncatedNormal(bound: 0.1)
        }
    }
}
