import Testing

@testable import Communication

@Suite("The aggregator median")
struct MedianAggregatorTests {
    @Test("takes the middle value, or the mean of the two middle ones")
    func middle() throws {
        let median = MedianAggregator()
        #expect(median.combined([[3], [1], [2]], weights: [1, 1, 1]) == [2])
        #expect(median.combined([[4], [1], [2], [9]], weights: [1, 1, 1, 1]) == [3])
        try median.validate()
    }

    @Test("is not moved by a minority, however heavy it claims to be")
    func minority() {
        let result = MedianAggregator().combined([[1, 1], [1, 1], [1e30, -1e30]], weights: [1, 1, 1e6])
        #expect(result == [1, 1])
    }
}
