import Buffers
import Configs
import TestSupport
import Testing

@testable import Communication

/// Values that codecs must survive.
enum CodecInput {
    static func normal(_ count: Int, scale: Float = 1, seed: UInt64 = 1) -> [Float] {
        Example.values(count, seed: seed).map { $0 * scale }
    }

    static let all: [[Float]] = [
        [], [0], [-0.0], [1], [-1e30, 1e30], Array(repeating: 0, count: 130), normal(1), normal(63), normal(64),
        normal(65),
        normal(1000), normal(777, scale: 1e-30), normal(500, scale: 1e28),
        [.leastNonzeroMagnitude, -.leastNormalMagnitude / 8, 1e-37, 3e-36],
        (0..<300).map { $0 == 150 ? 1e6 : Float($0) * 1e-3 },
    ]
}

/// A codec that says, in its own test file, how far its values may be from those that were sent.
protocol BoundedCompression: Compression {
    /// The largest error of each value.
    func largestErrors(_ values: [Float]) -> [Float]
}

extension Compression {
    /// Encodes into exactly the bytes that are promised, with canaries around them.
    func bytes(_ values: [Float], seed: UInt64 = 1) -> [UInt8] {
        let size = maximumSize(of: values.count)
        var buffer = [UInt8](repeating: 0xA5, count: size + 32)
        var random = RandomStream(seed: seed, purpose: .rounding, index: 0)
        let used = buffer.withUnsafeMutableBytes { bytes in
            var span = UnsafeMutableRawBufferPointer(rebasing: bytes[16..<(16 + size)]).mutableBytes
            return encode(values.span, into: &span, using: &random)
        }
        #expect(used <= size)
        #expect(buffer.prefix(16).allSatisfy { $0 == 0xA5 } && buffer.suffix(16).allSatisfy { $0 == 0xA5 })
        return Array(buffer[16..<(16 + used)])
    }

    func values(_ bytes: [UInt8], count: Int) throws(CompressionError) -> [Float] {
        var values = [Float](repeating: .nan, count: count)
        var span = values.mutableSpan
        try decode(bytes.span.bytes, into: &span)
        return values
    }
}

@Suite("Every compression")
struct CompressionConformanceTests {
    static let codecs = Compressions.methods.compactMap { $0.init() as? any BoundedCompression }

    @Test("is in a registry that is sorted and whose wire numbers are unique")
    func registry() {
        #expect(Self.codecs.count == Compressions.methods.count)
        #expect(Compressions.methodNames == Compressions.methodNames.sorted())
        #expect(Set(Self.codecs.map { type(of: $0).wireID }).count == Self.codecs.count)
        #expect(Self.codecs.allSatisfy { type(of: $0).wireID != 0 })
    }

    @Test("keeps within its size and gives back values within the bound of its kind", arguments: codecs.indices)
    func roundTrip(index: Int) throws {
        let codec = Self.codecs[index]
        for values in CodecInput.all {
            let decoded = try codec.values(codec.bytes(values), count: values.count)
            for ((value, found), bound) in zip(zip(values, decoded), codec.largestErrors(values)) {
                // A thousandth for rounding, and a floor where reciprocals would overflow.
                #expect(abs(found - value) <= bound * 1.001 + 1e-35, "\(value) became \(found)")
            }
        }
    }

    @Test("gives the same bytes for the same values and random numbers", arguments: codecs.indices)
    func determinism(index: Int) {
        let values = CodecInput.normal(1000)
        #expect(Self.codecs[index].bytes(values) == Self.codecs[index].bytes(values))
    }

    @Test("is unbiased on a symmetric distribution", arguments: codecs.indices)
    func bias(index: Int) throws {
        let values = CodecInput.normal(1 << 18)
        let decoded = try Self.codecs[index].values(Self.codecs[index].bytes(values), count: values.count)
        let errors = zip(decoded, values).map { Double($0) - Double($1) }
        let bias = errors.reduce(0, +) / Double(errors.count)
        let deviation = (errors.reduce(0) { $0 + $1 * $1 } / Double(errors.count)).squareRoot()
        // 5 deviations of a mean over 2^18 values.
        #expect(abs(bias) <= 5 * deviation / 512)
    }

    @Test("judges hostile bytes and never traps", arguments: codecs.indices)
    func hostileBytes(index: Int) {
        let codec = Self.codecs[index]
        var random = RandomStream(seed: UInt64(index), purpose: .order, index: 2)
        for _ in 0..<500 {
            let bytes = (0..<Int(random.next() % 200)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            let count = Int(random.next() % 150)
            do throws(CompressionError) {
                let values = try codec.values(bytes, count: count)
                #expect(values.count == count && bytes.count <= codec.maximumSize(of: count))
            } catch {
                #expect(!error.description.isEmpty)
            }
        }
    }

    @Test("judges damaged bytes of its own and never traps", arguments: codecs.indices)
    func damagedBytes(index: Int) throws {
        let codec = Self.codecs[index]
        let counts = [1, 7, 64, 300, 5000]
        let corpus = counts.map { codec.bytes(CodecInput.normal($0)) }
        var turn = 0
        try fuzz(corpus: corpus, rounds: 1000) { bytes in
            turn += 1
            let count = counts[turn % counts.count]
            do throws(CompressionError) {
                _ = try codec.values(bytes, count: count)
                #expect(bytes.count <= codec.maximumSize(of: count))
            } catch .size(let expected, let found) {
                #expect(expected != found && found == bytes.count)
            } catch .invalidValue(let offset) {
                #expect(bytes.indices.contains(offset))
            }
        }
    }

    @Test("has a codec for means that is its own, and parts of whole blocks", arguments: codecs.indices)
    func forMean(index: Int) {
        let codec = Self.codecs[index]
        #expect(type(of: codec.forMean.forMean).wireID == type(of: codec.forMean).wireID)
        #expect(codec.alignment > 0 && 4096 % codec.alignment == 0)
    }

    @Test("encodes what it decoded without a change, if it says so", arguments: codecs.indices)
    func projection(index: Int) throws {
        let codec = Self.codecs[index]
        guard codec.isProjection else { return }
        let count = 3 * 4096 + 777
        for values in [CodecInput.normal(count), CodecInput.normal(count).map { $0 * $0 * $0 }] {
            let whole = try codec.values(codec.bytes(values), count: count)
            for factor in [1, 13, 0.37] as [Float] {
                let scaled = whole.map { $0 * factor }
                #expect(try codec.values(codec.bytes(scaled, seed: 2), count: count) == scaled)
                let cut = codec.alignment * (4096 / codec.alignment) * 2
                let parts = try [Array(scaled[..<cut]), Array(scaled[cut...])].flatMap {
                    try codec.values(codec.bytes($0), count: $0.count)
                }
                #expect(parts == scaled)
            }
        }
    }

    @Test("refuses payloads that are too short or too long", arguments: codecs.indices)
    func sizes(index: Int) {
        let codec = Self.codecs[index]
        let bytes = codec.bytes(CodecInput.normal(100))
        #expect(throws: CompressionError.self) { try codec.values(Array(bytes.dropLast()), count: 100) }
        #expect(throws: CompressionError.self) { try codec.values(bytes + [0], count: 100) }
        #expect(throws: CompressionError.self) { try codec.values([], count: 100) }
    }
}

extension [Float] {
    /// The largest magnitude in the block of so many values that each value stands in.
    func peaks(ofBlocks size: Int) -> [Float] {
        stride(from: 0, to: count, by: size).flatMap { start in
            let block = self[start..<Swift.min(start + size, count)]
            return [Float](repeating: block.reduce(0) { Swift.max($0, abs($1)) }, count: block.count)
        }
    }
}
