import Configs
import Testing

@testable import Communication

extension TopKCompression: BoundedCompression {
    func largestErrors(_ values: [Float]) -> [Float] {
        values.chunked.flatMap { chunk in
            let kept = chunk.largest(quota(chunk.count))
            let spread = (kept.map { abs(chunk[$0]) }.max() ?? 0) - (kept.map { abs(chunk[$0]) }.min() ?? 0)
            return chunk.indices.map { kept.contains($0) ? spread : abs(chunk[$0]) }
        }
    }

    fileprivate func quota(_ count: Int) -> Int { (kept * count + 4095) / 4096 }
}

@Suite("The compression top-k")
struct TopKCompressionTests {
    @Test("sends a number, two magnitudes, places and codes")
    func format() throws {
        var values = [Float](repeating: 0, count: 4096)
        (values[1], values[5], values[4000]) = (3, -1, 1)
        let bytes = TopKCompression(kept: 3).bytes(values)
        // Places have 10 lower bits each, 1, 5 and 928; the upper bits 0, 0, 3 are 11 0001. The codes are 2, 1 and 0.
        let places = UInt64(1) | 5 << 10 | 928 << 20 | 0b10_0011 << 30
        let codes = UInt64(0b00_01_10) << 36
        let word = places | codes
        let tail = (0..<6).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) }
        #expect(bytes == [3, 0, 0, 0x80, 0x3F, 0, 0, 0x40, 0x40] + tail)
        #expect(try TopKCompression(kept: 3).values(bytes, count: 4096) == values)
    }

    @Test("takes at most a 146th of the bytes of float32 with all that belongs to them", arguments: [32, 64, 80])
    func bytes(kept: Int) {
        let codec = TopKCompression(kept: kept)
        for chunks in [1, 10] { #expect(codec.maximumSize(of: 4096 * chunks) <= 4096 * 4 * chunks / 146) }
        #expect(codec.bytes(CodecInput.normal(40_960)).count == codec.maximumSize(of: 40_960))
        #expect(TopKCompression(kept: 64).maximumSize(of: 4096) == 89 && TopKCompression().maximumSize(of: 4096) == 53)
    }

    @Test("keeps the largest values, of equal ones the first, whatever the sizes", arguments: [1, 31, 64, 128])
    func selection(kept: Int) throws {
        let codec = TopKCompression(kept: kept)
        for count in [1, 2, 63, 4095, 4096, 4097, 10_000] {
            let values = CodecInput.normal(count, seed: UInt64(count))
            for values in [values, values.map { ($0 * 2).rounded() / 2 }, values.map { abs($0) < 2.5 ? 0 : $0 }] {
                let decoded = try codec.values(codec.bytes(values), count: count)
                var start = 0
                for chunk in values.chunked {
                    let part = Array(decoded[start..<start + chunk.count])
                    #expect(part.indices.filter { part[$0] != 0 } == chunk.largest(codec.quota(chunk.count)))
                    #expect(zip(part, chunk).allSatisfy { $0 == 0 || ($0 < 0) == ($1 < 0) })
                    #expect(Set(part.map { abs($0) }).subtracting([0]).count <= 2)
                    start += chunk.count
                }
            }
        }
    }

    @Test("sends a byte for a chunk of zeros, and exactly what has two magnitudes")
    func few() throws {
        let codec = TopKCompression()
        #expect(codec.bytes([Float](repeating: 0, count: 8192)) == [0, 0])
        var values = [Float](repeating: 0, count: 4096)
        for index in 0..<32 { values[index * 100 + 3] = index % 3 == 0 ? 0.1 : -0.7 }
        #expect(try codec.values(codec.bytes(values), count: 4096) == values)
    }

    @Test("refuses numbers, magnitudes, places and bits that it never writes")
    func hostile() throws {
        let codec = TopKCompression(kept: 64)
        var values = [Float](repeating: 0, count: 4096)
        (values[1], values[2], values[4095]) = (3, -1, 1)
        let sound = codec.bytes(values)
        func refuses(at offset: Int, _ place: Int, _ byte: UInt8) {
            var bytes = sound
            bytes[place] = byte
            #expect(throws: CompressionError.invalidValue(offset: offset)) { try codec.values(bytes, count: 4096) }
        }
        refuses(at: 0, 0, 65)
        // Infinite, negative, and a second one below the first.
        refuses(at: 1, 4, 0x7F)
        refuses(at: 1, 4, 0xBF)
        refuses(at: 5, 8, 0x3E)
        // The place 2 becomes 1 again, or 0; then a bit of the upper parts is lost.
        refuses(at: 9, 10, sound[10] & ~0b1000 | 0b100)
        refuses(at: 9, 10, sound[10] & ~0b1000)
        refuses(at: 9, 12, sound[12] & 0x3F)
        // 42 bits are used of 48.
        refuses(at: 14, 14, sound[14] | 0x80)
        #expect(throws: CompressionError.self) { try codec.values([2] + sound.dropFirst(), count: 4096) }
        #expect(throws: CompressionError.self) { try codec.values([], count: 1) }
        #expect(throws: CompressionError.size(expected: 2, found: 1)) { try codec.values([0], count: 5000) }
    }

    @Test("refuses places behind the last value")
    func outside() {
        // One of five values: 2 lower bits, and a bit 1 behind as many bits 0 as its upper part says.
        func bytes(_ low: UInt8, _ upper: UInt8) -> [UInt8] {
            [1, 0, 0, 0x80, 0x3F, 0, 0, 0x80, 0x3F, low | upper << 2]
        }
        let codec = TopKCompression()
        #expect(throws: Never.self) { try codec.values(bytes(0, 0b10), count: 5) }
        for (low, upper) in [(1, 0b10), (0, 0b11), (0, 0)] as [(UInt8, UInt8)] {
            #expect(throws: CompressionError.invalidValue(offset: 9)) {
                try codec.values(bytes(low, upper), count: 5)
            }
        }
    }

    @Test("refuses to keep none or more than 128")
    func range() {
        for kept in [0, -1, 129] {
            #expect(throws: ConfigError.self) { try TopKCompression(kept: kept).validate() }
        }
        #expect(throws: Never.self) { try TopKCompression(kept: 128).validate() }
    }
}

extension [Float] {
    /// The values in pieces of 4096.
    fileprivate var chunked: [[Float]] {
        stride(from: 0, to: count, by: 4096).map { Array(self[$0..<Swift.min($0 + 4096, count)]) }
    }

    /// The places of so many of the largest magnitudes that are not 0, of equal ones the first, in order.
    fileprivate func largest(_ number: Int) -> [Int] {
        let order = indices.sorted { (-abs(self[$0]), $0) < (-abs(self[$1]), $1) }
        return order.prefix(number).filter { self[$0] != 0 }.sorted()
    }
}
