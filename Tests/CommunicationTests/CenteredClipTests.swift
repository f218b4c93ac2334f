import Configs
import Testing

@testable import Communication

@Suite("The aggregator centered-clip")
struct CenteredClipTests {
    private static let ones: [Float] = [1, 1, 1, 1, 1]

    private func length(_ x: [Float], _ y: [Float]) -> Double {
        zip(x, y).reduce(0) { $0 + (Double($1.0) - Double($1.1)) * (Double($1.0) - Double($1.1)) }.squareRoot()
    }

    @Test("moves the median by cut differences, as computed by hand")
    func byHand() {
        let parts: [[Float]] = [[1, 0], [-1, 0], [0, 0], [0, 3], [0, 4]]
        func moved(_ iterations: Int, _ radius: Double) -> [Float] {
            CenteredClip(iterations: iterations, radius: radius).combined(parts, weights: Self.ones)
        }
        // The median is (0, 0) and the differences are 1, 1, 0, 3 and 4 long.
        #expect(moved(1, 1)[0] == 0 && abs(moved(1, 1)[1] - 0.4) < 1e-6)
        #expect(abs(moved(1, 2)[1] - 0.8) < 1e-6)
        // The middle length is 1, so that is what the automatic radius is.
        #expect(moved(1, 0) == moved(1, 1))
        #expect(moved(7, 0) == moved(7, 1))
    }

    @Test("follows a liar of any size to the same place", arguments: [10, 1e6, 1e30] as [Float])
    func liar(size: Float) {
        // With v the center, v becomes v + (1 - 4 v) / 5: 0.2, 0.24, 0.248 and so on to 0.25.
        let parts: [[Float]] = [[0], [0], [0], [0], [size]]
        for (iterations, expected) in [(1, 0.2), (2, 0.24), (3, 0.248), (30, 0.25)] as [(Int, Float)] {
            let result = CenteredClip(iterations: iterations, radius: 1).combined(parts, weights: Self.ones)
            #expect(abs(result[0] - expected) < 1e-6)
        }
        // Where most members agree to the bit, the automatic radius is 0, and the liar moves nothing.
        #expect(CenteredClip().combined(parts, weights: Self.ones) == [0])
    }

    @Test("lets no member, whatever it sends and claims, move the center by more than the radius over the members")
    func influence() {
        let count = 700
        let honest = (0..<4).map { Example.values(count, seed: UInt64($0)) }
        // The liar's numbers stay where its honest ones were among the others', so the start is the same.
        let start = MedianAggregator().combined(honest + [honest[0]], weights: Self.ones)
        let place = zip(honest[0], start).map { $0 == $1 ? Float(0) : $0 > $1 ? 1 : -1 }
        let idle = zip(honest[0], start).map { $0 == $1 ? $0 : $1 }
        for size: Float in [3, 1e4, 1e29] {
            let liar = zip(start, place).map { $0 + size * $1 }
            for radius in [0.5, 5] {
                let clip = CenteredClip(iterations: 1, radius: radius)
                let weights: [Float] = [1, 1, 1, 1, 1e7]
                let moved = clip.combined(honest + [liar], weights: weights)
                let still = clip.combined(honest + [idle], weights: weights)
                guard MedianAggregator().combined(honest + [liar], weights: weights) == start,
                    MedianAggregator().combined(honest + [idle], weights: weights) == start
                else {
                    Issue.record("the start moved")
                    continue
                }
                // Every number of the result is rounded once, by half a unit of a number below 4.
                let rounding = 4 * Double(Float.ulpOfOne) * Double(count).squareRoot()
                #expect(length(moved, still) <= radius / 5 + rounding)
            }
        }
    }

    @Test("comes closer with every iteration to where the cut differences cancel")
    func monotone() {
        let parts = (0..<7).map { member in Example.values(300, seed: UInt64(member)).map { $0 * Float(1 + member) } }
        let weights = [Float](repeating: 1, count: 7)
        let radius = 30.0
        // Each iteration is a step down the slope of the members' Huber losses.
        func loss(_ center: [Float]) -> Double {
            parts.reduce(0) { sum, part in
                let length = length(part, center)
                return sum + (length <= radius ? length * length / 2 : radius * (length - radius / 2))
            }
        }
        var last = loss(MedianAggregator().combined(parts, weights: weights))
        let first = last
        for iterations in 1...20 {
            let next = loss(CenteredClip(iterations: iterations, radius: radius).combined(parts, weights: weights))
            #expect(next <= last * (1 + 1e-9))
            last = next
        }
        #expect(last < first * 0.999)
    }

    @Test("with a radius that cuts nothing is the mean, whatever the weights say")
    func mean() {
        let parts = (0..<5).map { Example.values(1000, seed: UInt64($0)) }
        let result = CenteredClip(iterations: 1, radius: 1e6).combined(parts, weights: [9, 1, 1, 1, 1e6])
        let expected = Example.mean(parts, [1, 1, 1, 1, 1])
        // A difference is rounded before it is added, and so is the result.
        let isClose = zip(result, expected).allSatisfy { abs(Double($0) - $1) < 1e-6 }
        #expect(isClose)
    }

    @Test("has no overflow at the limits of what members may send", arguments: [0, 1e-20, 1, 1e30, 1e300])
    func limits(radius: Double) {
        let count = 20_000
        let parts = [Float(1e30), -1e30, 1e30, -1e30, 0].map { [Float](repeating: $0, count: count) }
        let result = CenteredClip(iterations: 20, radius: radius).combined(parts, weights: Self.ones)
        #expect(result == [Float](repeating: 0, count: count))
        let two = CenteredClip(iterations: 20, radius: radius).combined(
            Array(parts[..<2] + parts[2...2]),
            weights: [1, 1, 1]
        )
        #expect(two.allSatisfy { $0.isFinite && $0 <= 1e30 && $0 >= 1e30 / 4 })
    }

    @Test(
        "agrees with a plain loop in double precision, for every length of a part",
        arguments: [1, 15, 16, 17, 511, 512, 513, 1500]
    )
    func plainLoop(count: Int) {
        let parts = (0..<6).map { Example.values(count, seed: UInt64($0)) }
        let weights = [Float](repeating: 1, count: 6)
        var center = MedianAggregator().combined(parts, weights: weights)
        var radius = 0.0
        for iteration in 0...3 {
            let lengths = parts.map { part in
                zip(part, center).reduce(0.0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }.squareRoot()
            }
            if iteration == 0 { radius = lowerMedian(of: lengths) * 0.9 }
            let result = CenteredClip(iterations: iteration + 1, radius: radius).combined(parts, weights: weights)
            center = center.indices.map { index in
                let sum = parts.indices.reduce(0.0) { sum, member in
                    sum + Double(clipFactor(from: lengths[member], to: radius))
                        * Double(parts[member][index] - center[index])
                }
                return Float(Double(center[index]) + sum / 6)
            }
            // Lengths are added in another order here, so a factor may differ in its last bit.
            let isClose = zip(result, center).allSatisfy { abs($0 - $1) <= 4 * Float.ulpOfOne }
            #expect(isClose, "after \(iteration + 1) iterations")
        }
    }

    @Test("refuses settings that mean nothing")
    func range() throws {
        for iterations in [0, -1, 1001] {
            #expect(throws: ConfigError.self) { try CenteredClip(iterations: iterations, radius: 0).validate() }
        }
        for radius in [-1, .nan, .infinity] {
            #expect(throws: ConfigError.self) { try CenteredClip(iterations: 1, radius: radius).validate() }
        }
        try CenteredClip().validate()
    }
}
