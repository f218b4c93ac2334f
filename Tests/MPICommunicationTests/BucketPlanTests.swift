import Testing

@testable import MPICommunication

@Suite("The buckets of a buffer")
struct BucketPlanTests {
    @Test(
        "cover every value once, from the end to the start, at multiples of 4096",
        arguments: [0, 1, 4095, 4096, 4097, 100_000, 5_000_003],
        [1, 16384, 1 << 20, 1 << 30]
    )
    func cover(count: Int, bytes: Int) {
        let plan = BucketPlan(count: count, bytes: bytes)
        #expect(plan.buckets <= BucketPlan.limit)
        var end = count
        for bucket in 0..<plan.buckets {
            let range = plan.range(of: bucket)
            #expect(range.upperBound == end && range.lowerBound % 4096 == 0 && !range.isEmpty)
            #expect(plan.bucket(holding: range.lowerBound) == bucket)
            #expect(plan.bucket(holding: range.upperBound - 1) == bucket)
            let chunks = (0..<plan.chunks(of: bucket)).map { plan.range(ofChunk: $0, of: bucket) }
            #expect(chunks.first?.lowerBound == range.lowerBound && chunks.last?.upperBound == range.upperBound)
            #expect(zip(chunks, chunks.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
            end = range.lowerBound
        }
        #expect(end == 0)
    }
}
