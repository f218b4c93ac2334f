/// How a buffer is cut into buckets that are exchanged one by one.
///
/// Bucket 0 holds the last values: backward passes finish the last layers first.
struct BucketPlan: Equatable, Sendable {
    /// Buckets start at multiples of this many values, so that codecs that work in blocks see the same blocks for any size of buckets.
    static let grain = 4096
    /// The most buckets of one buffer; larger buffers get larger buckets.
    static let limit = 1024
    /// Values that one processor sums at a time.
    static let chunk = 16384

    /// The number of values.
    let count: Int
    /// The values of every bucket but the last one in memory.
    let bucketCount: Int

    /// Cuts `count` values into buckets of about `bytes` of float32.
    init(count: Int, bytes: Int) {
        self.count = count
        let wanted = max(bytes / MemoryLayout<Float>.stride, (count + Self.limit - 1) / Self.limit)
        bucketCount = max(1, (wanted + Self.grain - 1) / Self.grain) * Self.grain
    }

    /// The number of buckets.
    var buckets: Int { (count + bucketCount - 1) / bucketCount }

    /// The values of a bucket.
    func range(of bucket: Int) -> Range<Int> {
        let start = (buckets - 1 - bucket) * bucketCount
        return start..<min(count, start + bucketCount)
    }

    /// The bucket that holds a value.
    func bucket(holding index: Int) -> Int { buckets - 1 - index / bucketCount }

    /// The chunks of a bucket.
    func chunks(of bucket: Int) -> Int { (range(of: bucket).count + Self.chunk - 1) / Self.chunk }

    /// The values of a chunk.
    func range(ofChunk chunk: Int, of bucket: Int) -> Range<Int> {
        let range = range(of: bucket)
        let start = range.lowerBound + chunk * Self.chunk
        return start..<min(range.upperBound, start + Self.chunk)
    }
}
