import Configs
import Testing

@testable import Communication

@Suite("The aggregator trimmed-mean")
struct TrimmedMeanAggregatorTests {
    @Test("leaves out the smallest and the largest values")
    func trimming() {
        let parts: [[Float]] = [[1], [2], [3], [4], [1e30]]
        #expect(TrimmedMeanAggregator(fraction: 0.2).combined(parts, weights: [1, 1, 1, 1, 1]) == [3])
        #expect(TrimmedMeanAggregator(fraction: 0.4).combined(parts, weights: [1, 1, 1, 1, 1]) == [3])
        #expect(TrimmedMeanAggregator(fraction: 0).combined([[1], [2]], weights: [9, 1]) == [1.5])
    }

    @Test("leaves at least one value", arguments: 1...6)
    func atLeastOne(members: Int) {
        let parts = (0..<members).map { [Float($0)] }
        let result = TrimmedMeanAggregator(fraction: 0.49).combined(parts, weights: Array(repeating: 1, count: members))
        #expect(result == [Float(members - 1) / 2])
    }

    @Test("refuses fractions that leave nothing")
    func range() {
        for fraction in [-0.1, 0.5, 1, .nan] {
            #expect(throws: ConfigError.self) { try TrimmedMeanAggregator(fraction: fraction).validate() }
        }
    }
}
