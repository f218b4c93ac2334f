import Testing

@testable import Communication

@Suite("The aggregator weighted-mean")
struct WeightedMeanTests {
    @Test("weights the members by their samples")
    func mean() throws {
        let result = WeightedMean().combined([[1, 10], [4, -10]], weights: [1, 2])
        #expect(result == [3, -10.0 / 3])
        try WeightedMean().validate()
    }

    @Test("of equal values is that value, up to a rounding for each member", arguments: 1...9)
    func equalValues(members: Int) {
        let values = Example.values(1000, seed: 2)
        let parts = Array(repeating: values, count: members)
        let result = WeightedMean().combined(parts, weights: Array(repeating: 1, count: members))
        // Every partial sum is rounded by at most half a unit of the whole sum's last place, and so is the quotient.
        let isClose = zip(result, values).allSatisfy { abs($0 - $1) <= Float(members) * $1.ulp }
        #expect(isClose)
        // Doubling and halving are exact.
        if members <= 2 { #expect(result == values) }
    }
}
