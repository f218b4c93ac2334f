import Foundation
import Testing

@testable import Communication

extension Sparse8Compression: BoundedCompression {
    func largestErrors(_ values: [Float]) -> [Float] { values.peaks(ofBlocks: 4096).map { $0 / 254 } }
}

@Suite("The compression sparse-8")
struct Sparse8CompressionTests {
    @Test("sends a number, a scale, places and bytes")
    func format() throws {
        var values = [Float](repeating: 0, count: 4096)
        (values[0], values[2], values[4095]) = (127, -3, 0.4)
        // Two values: 11 lower bits each, 0 and 2, then the upper bits 0 and 0, and a bit that goes on to 1. 0.4 rounds to 0.
        #expect(Sparse8Compression().bytes(values) == [2, 0, 0, 0, 0x80, 0x3F, 0, 0x10, 0xC0, 0, 127, 0xFD])
        let decoded = try Sparse8Compression().values(Sparse8Compression().bytes(values), count: 4096)
        values[4095] = 0
        #expect(decoded == values)
    }

    @Test("marks places by a bit for each value where that is shorter")
    func map() throws {
        let values: [Float] = [127, 0, -127, 1, 2, 3, 0, 0, 0, 64]
        let bytes = Sparse8Compression().bytes(values)
        #expect(bytes == [6, 0, 0, 0, 0x80, 0x3F, 0b0011_1101, 0b10, 127, 0x81, 1, 2, 3, 64])
        #expect(try Sparse8Compression().values(bytes, count: 10) == values)
    }

    @Test("takes few bytes for few values, and never more than a byte, a bit and six bytes for every 4096")
    func sizes() {
        let codec = Sparse8Compression()
        #expect(codec.maximumSize(of: 8192) == 2 * (6 + 512 + 4096) && codec.maximumSize(of: 9) == 6 + 2 + 9)
        #expect(codec.bytes([Float](repeating: 0, count: 5000)).count == 4)
        for step in [1, 2, 3, 10, 64, 1000] {
            let values = (0..<40_960).map { $0 % step == 0 ? Float(1) : 0 }
            let places = Double(values.count { $0 != 0 })
            let entropy = step == 1 ? 0 : places * (log2(Double(step)) + 1.45)
            let size = Double(codec.bytes(values).count)
            // Within a bit and a half for each value of what their places need at least.
            #expect(size <= places + (entropy + 1.5 * places) / 8 + 10 * 8, "one of \(step): \(size)")
        }
    }

    @Test("gives back means of sparse values within half a scale, and zeros as zeros", arguments: [1, 2, 8])
    func means(members: Int) throws {
        let codec = TopKCompression(kept: 64)
        var sum = [Float](repeating: 0, count: 10_000)
        for member in 0..<members {
            let values = CodecInput.normal(sum.count, seed: UInt64(member))
            let decoded = try codec.values(codec.bytes(values), count: values.count)
            for index in sum.indices { sum[index] += decoded[index] }
        }
        let found = try Sparse8Compression().values(Sparse8Compression().bytes(sum), count: sum.count)
        for ((value, found), peak) in zip(zip(sum, found), sum.peaks(ofBlocks: 4096)) {
            #expect(abs(value - found) <= peak / 253 && (value != 0 || found == 0))
        }
    }

    @Test("refuses numbers, scales, places, bits and bytes that it never writes")
    func hostile() throws {
        let codec = Sparse8Compression()
        let sound: [UInt8] = [6, 0, 0, 0, 0x80, 0x3F, 0b0011_1101, 0b10, 127, 0x81, 1, 2, 3, 64]
        func refuses(at offset: Int, _ place: Int, _ byte: UInt8) {
            var bytes = sound
            bytes[place] = byte
            #expect(throws: CompressionError.invalidValue(offset: offset)) { try codec.values(bytes, count: 10) }
        }
        refuses(at: 0, 0, 11)
        refuses(at: 2, 5, 0x7F)
        refuses(at: 2, 5, 0xBF)
        // A place too many, one too few, and one behind the last value.
        refuses(at: 6, 6, 0b0011_1111)
        refuses(at: 6, 6, 0b0011_1100)
        refuses(at: 7, 7, 0b110)
        refuses(at: 9, 9, 0)
        refuses(at: 9, 9, 0x80)
        #expect(throws: CompressionError.size(expected: 2, found: 0)) { try codec.values([], count: 1) }
        #expect(throws: CompressionError.self) { try codec.values([5] + sound.dropFirst(), count: 10) }
    }
}
