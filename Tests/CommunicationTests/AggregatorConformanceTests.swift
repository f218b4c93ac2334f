import Buffers
import Configs
import Testing

@testable import Communication

extension Aggregator {
    func combined(_ parts: [[Float]], weights: [Float]) -> [Float] {
        let flat = parts.flatMap { $0 }
        var result = [Float](repeating: .nan, count: parts.first?.count ?? 0)
        var span = result.mutableSpan
        combine(flat.span, weights: weights.span, into: &span)
        return result
    }
}

@Suite("Every aggregator")
struct AggregatorConformanceTests {
    static let aggregators: [any Aggregator] = Aggregators.methods.compactMap { $0.init() as? any Aggregator }

    @Test("is in a sorted registry")
    func registry() {
        #expect(Self.aggregators.count == Aggregators.methods.count)
        #expect(Aggregators.methodNames == Aggregators.methodNames.sorted())
    }

    @Test("gives back what all members agree on, and what one member alone says", arguments: aggregators.indices)
    func agreement(index: Int) {
        let values = Example.values(200, seed: 4)
        let aggregator = Self.aggregators[index]
        for members in 1...7 {
            let result = aggregator.combined(
                Array(repeating: values, count: members),
                weights: Array(repeating: 1, count: members)
            )
            for (found, expected) in zip(result, values) { #expect(abs(found - expected) <= abs(expected) * 1e-6) }
        }
    }

    @Test("does not depend on who says what, up to rounding", arguments: aggregators.indices)
    func permutation(index: Int) {
        let parts = (0..<5).map { Example.values(100, seed: UInt64($0)) }
        let weights: [Float] = [1, 2, 3, 4, 5]
        let order = [3, 0, 4, 2, 1]
        let first = Self.aggregators[index].combined(parts, weights: weights)
        let second = Self.aggregators[index].combined(order.map { parts[$0] }, weights: order.map { weights[$0] })
        for (one, other) in zip(first, second) { #expect(abs(one - other) < 1e-5) }
    }

    @Test(
        "stays between the smallest and the largest value, also at the limits of what members may send",
        arguments: aggregators.indices
    )
    func bounds(index: Int) {
        let parts: [[Float]] = [[1e30, -1e30, 0], [1e30, 1, 5], [-1e30, 2, 1e-37]]
        let result = Self.aggregators[index].combined(parts, weights: [5e7, 2e7, 3e7])
        for (index, value) in result.enumerated() {
            let column = parts.map { $0[index] }
            let (low, high) = (column.min() ?? 0, column.max() ?? 0)
            #expect(value.isFinite && value >= low * 1.000001 - 1e-6 && value <= high * 1.000001 + 1e-6)
        }
    }

    @Test("has nothing to do for no values", arguments: aggregators.indices)
    func empty(index: Int) {
        #expect(Self.aggregators[index].combined([[], []], weights: [1, 1]).isEmpty)
    }
}
