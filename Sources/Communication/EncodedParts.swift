import Buffers

/// Values as the parts that a round sends, one behind the other: what a codec is measured on.
public struct EncodedParts<Codec: Compression> {
    private let codec: Codec
    private let count: Int
    private let ranges: [Range<Int>]
    private let starts: [Int]
    private var sizes: [Int]
    private var bytes: [UInt8]

    /// Room for the parts of `count` values.
    public init(_ codec: Codec, count: Int) {
        self.codec = codec
        self.count = count
        let (partSize, grain) = (PartitionPlan.partSize(of: codec), PartitionPlan.grain(of: codec))
        let plan = PartitionPlan(count: count, fractions: [1], partSize: partSize, grain: grain)
        let ranges = (0..<plan.partCount(of: 0)).map { plan.part($0, of: 0) }
        var (starts, end) = ([Int](), 0)
        for range in ranges {
            starts.append(end)
            end += codec.maximumSize(of: range.count)
        }
        self.ranges = ranges
        self.starts = starts
        sizes = ranges.map { _ in 0 }
        bytes = [UInt8](repeating: 0, count: end)
    }

    /// The bytes of all parts.
    public var byteCount: Int { sizes.reduce(0, +) }

    /// Encodes every part with random numbers of its own, the same each time.
    public mutating func encode(_ values: [Float]) {
        for (index, range) in ranges.enumerated() {
            var random = RandomStream(seed: 0, purpose: .rounding, index: UInt64(index))
            let place = starts[index]..<starts[index] + codec.maximumSize(of: range.count)
            let codec = codec
            sizes[index] = bytes.withUnsafeMutableBytes { target in
                var part = UnsafeMutableRawBufferPointer(rebasing: target[place]).mutableBytes
                return codec.encode(values.span.extracting(range), into: &part, using: &random)
            }
        }
    }

    /// The values as a receiver has them.
    public func decode() throws(CompressionError) -> [Float] {
        var values = [Float](repeating: 0, count: count)
        try decode(into: &values)
        return values
    }

    /// Writes the values as a receiver has them over `values`, which has as many.
    public func decode(into values: inout [Float]) throws(CompressionError) {
        for (index, range) in ranges.enumerated() {
            let place = starts[index]..<starts[index] + sizes[index]
            try bytes.withUnsafeBufferPointer { (all) throws(CompressionError) in
                try decodePart(UnsafeRawBufferPointer(all.extracting(place)), into: &values, at: range)
            }
        }
    }

    private func decodePart(
        _ source: UnsafeRawBufferPointer,
        into values: inout [Float],
        at range: Range<Int>
    ) throws(CompressionError) {
        try values.withUnsafeMutableBufferPointer { (target) throws(CompressionError) in
            var part = target.extracting(range).mutableSpan
            try codec.decode(source.bytes, into: &part)
        }
    }
}
