import Buffers
import Testing

@testable import Datasets

@Suite("The order of the data")
struct DataOrderTests {
    @Test(
        "every epoch is a permutation of all records",
        arguments: [1, 2, 3, 4, 5, 7, 8, 16, 17, 63, 64, 65, 255, 256, 257, 1000, 1500, 1797, 4097, 20_000]
    )
    func permutation(count: Int) {
        let order = DataOrder(seed: 7, count: count)
        for epoch in [UInt64(0), 1, 12] {
            let start = epoch * UInt64(count)
            let records = order.records(of: start..<start + UInt64(count))
            #expect(records.sorted() == Array(0..<count))
        }
    }

    @Test("every count from 1 to 300 gives a permutation")
    func everySmallCount() {
        for count in 1...300 {
            let records = DataOrder(seed: UInt64(count), count: count).records(of: 0..<UInt64(count))
            #expect(records.sorted() == Array(0..<count), "count \(count)")
        }
    }

    @Test("a run of samples across epochs is what single samples are")
    func runsEqualSingles() {
        let order = DataOrder(seed: 3, count: 37)
        let samples: Range<UInt64> = 20..<160
        #expect(order.records(of: samples) == samples.map { order.record(of: $0) })
        #expect(order.records(of: 5..<5).isEmpty)
        #expect(order.epoch(of: 36) == 0 && order.epoch(of: 37) == 1)
    }

    @Test("the order depends on the seed and on the epoch")
    func keyed() {
        let first = DataOrder(seed: 1, count: 1500).records(of: 0..<1500)
        #expect(first == DataOrder(seed: 1, count: 1500).records(of: 0..<1500))
        #expect(first != DataOrder(seed: 2, count: 1500).records(of: 0..<1500))
        #expect(first != DataOrder(seed: 1, count: 1500).records(of: 1500..<3000))
    }

    // Chi-square with 99 degrees of freedom: mean 99, deviation 14.07; five deviations are 169.3.
    @Test("over many epochs every record comes to every place equally often")
    func uniform() {
        let order = DataOrder(seed: 11, count: 10)
        var counts = [[Int]](repeating: [Int](repeating: 0, count: 10), count: 10)
        for epoch in 0..<5000 {
            let start = UInt64(epoch * 10)
            for (place, record) in order.records(of: start..<start + 10).enumerated() { counts[place][record] += 1 }
        }
        let chi = counts.joined().reduce(0.0) { $0 + (Double($1) - 500) * (Double($1) - 500) / 500 }
        #expect(chi < 169.3, "chi-square \(chi)")
    }

    @Test("all six orders of three records occur equally often")
    func allOrders() {
        let order = DataOrder(seed: 5, count: 3)
        var counts: [[Int]: Int] = [:]
        for epoch in 0..<UInt64(6000) { counts[order.records(of: 3 * epoch..<3 * epoch + 3), default: 0] += 1 }
        #expect(counts.count == 6)
        // Deviation of a count: sqrt(6000 * 1/6 * 5/6) = 28.9.
        #expect(counts.values.allSatisfy { abs($0 - 1000) < 145 }, "\(counts)")
    }

    @Test("samples at the end of all numbers have a record")
    func farSamples() {
        let order = DataOrder(seed: 1, count: 1500)
        let samples = UInt64.max - 4000..<UInt64.max
        #expect(order.records(of: samples).allSatisfy { (0..<1500).contains($0) })
    }

    @Test("a known order stays what it is")
    func golden() {
        #expect(
            DataOrder(seed: 42, count: 10).records(of: 0..<20) == [
                8, 2, 1, 4, 7, 6, 5, 0, 9, 3, 8, 0, 5, 9, 2, 6, 7, 3, 1, 4,
            ]
        )
        #expect(
            DataOrder(seed: 42, count: 1500).records(of: 1_499_997..<1_500_003) == [1192, 898, 1335, 1017, 521, 1474]
        )
    }
}
