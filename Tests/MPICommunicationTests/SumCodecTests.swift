import Buffers
import Communication
import TestSupport
import Testing

@testable import MPICommunication

@Suite("A sum by messages with one codec for values and one for sums")
struct SumCodecTests {
    @Test("sends sums in the codec that its own has for them")
    func codecOfSums() throws {
        let inputs = [Float(1.0078125), 100, -0.5].map { [Float](repeating: $0, count: 9000) }
        var scene = SumScene(3)
        scene.compression = RoundedOnce()
        for result in try scene.sums(inputs) { #expect(result == Array(repeating: 100.5078125, count: 9000)) }
    }

    @Test("carries what a codec made of members' values, times any weight", arguments: [0, 1])
    func projected(index: Int) throws {
        let codec: any Compression = index == 0 ? OneBitCompression() : TopKCompression()
        let inputs = try (0..<3).map { member in
            var random = SeededGenerator(seed: UInt64(member))
            return try Self.decoded(random.floats(30_001, -1, 1), codec).map { $0 * Float(7 * member + 3) }
        }
        var scene = SumScene(3)
        scene.compression = codec
        let results = try scene.sums(inputs)
        let exact = inputs[0].indices.map { inputs[0][$0] + inputs[1][$0] + inputs[2][$0] }
        let peak = exact.reduce(0) { max($0, abs($1)) }
        // Only the sum is rounded, to a 127th of the peak of its block.
        for result in results {
            #expect(result.map(\.bitPattern) == results[0].map(\.bitPattern))
            #expect(zip(exact, result).allSatisfy { abs($0 - $1) <= peak / 253 })
        }
    }

    private static func decoded(_ values: [Float], _ codec: any Compression) throws -> [Float] {
        var bytes = [UInt8](repeating: 0, count: codec.maximumSize(of: values.count))
        var random = RandomStream(seed: 0, purpose: .rounding, index: 0)
        let used = bytes.withUnsafeMutableBytes {
            var target = $0.mutableBytes
            return codec.encode(values.span, into: &target, using: &random)
        }
        var decoded = values
        var target = decoded.mutableSpan
        try codec.decode(Array(bytes.prefix(used)).span.bytes, into: &target)
        return decoded
    }
}

/// A codec that rounds what members bring to bfloat16 and sends sums as they are.
struct RoundedOnce: Compression {
    static let name = "rounded-once"
    static let reference = Float32Compression.reference
    static let wireID: UInt8 = 202

    private let codec = BFloat16Compression()

    enum CodingKeys: CodingKey {}

    var forMean: any Compression { Float32Compression() }

    func validate() {}

    func maximumSize(of count: Int) -> Int { codec.maximumSize(of: count) }

    func encode(_ values: Span<Float>, into bytes: inout MutableRawSpan, using random: inout RandomStream) -> Int {
        codec.encode(values, into: &bytes, using: &random)
    }

    func decode(_ bytes: RawSpan, into values: inout MutableSpan<Float>) throws(CompressionError) {
        try codec.decode(bytes, into: &values)
    }
}
