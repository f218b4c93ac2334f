import Configs
import Testing

@testable import Communication

extension OneBitCompression: BoundedCompression {
    func largestErrors(_ values: [Float]) -> [Float] {
        zip(values, values.meanMagnitudes(ofBlocks: block)).map { abs($1 - abs($0)) }
    }
}

@Suite("The compression one-bit")
struct OneBitCompressionTests {
    @Test("sends mean magnitudes, then signs, the first in the lowest bit")
    func format() throws {
        let codec = OneBitCompression(block: 8)
        // Means of 2 and 1.5; the values 1, 4 and 9 are negative. 0 counts as positive.
        let values: [Float] = [2, -2, 0, 4, -4, 1, 1, 2, 1, -2]
        let bytes = codec.bytes(values)
        #expect(bytes == [0, 0, 0, 0x40, 0, 0, 0xC0, 0x3F, 0b10010, 0b10])
        #expect(try codec.values(bytes, count: 10) == [2, -2, 2, 2, -2, 2, 2, 2, 1.5, -1.5])
        #expect(codec.maximumSize(of: 0) == 0 && codec.maximumSize(of: 9) == 10)
        #expect(OneBitCompression().maximumSize(of: 64_000) * 8 * 2 == 64_000 * 3)
    }

    @Test("gives zeros, and no negative ones, where the mean is 0")
    func zeros() throws {
        let codec = OneBitCompression(block: 8)
        for value in [-0.0, -Float.leastNonzeroMagnitude] {
            let values = [value] + [Float](repeating: 0, count: 7)
            #expect(try codec.values(codec.bytes(values), count: 8).bits == [UInt32](repeating: 0, count: 8))
        }
    }

    @Test("loses 1 - 2 / pi of the squares of normal numbers in large blocks")
    func meanSquare() throws {
        let codec = OneBitCompression(block: 4096)
        let values = CodecInput.normal(1 << 18)
        let decoded = try codec.values(codec.bytes(values), count: values.count)
        let squares = zip(decoded, values).reduce(0.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
        // 0.3634, less a 4096th of it for the mean that follows the values; a deviation of a mean over 2^18 squares is below 0.002.
        #expect(abs(squares / Double(values.count) - 0.363) < 0.006)
    }

    @Test("refuses scales that are negative, infinite, NaN or too large, and bits behind the last value")
    func hostile() throws {
        let codec = OneBitCompression(block: 8)
        for scale in [Float(-1), .infinity, .nan, 2e30] {
            let bytes = withUnsafeBytes(of: scale) { Array($0) } + [1]
            #expect(throws: CompressionError.invalidValue(offset: 0)) { try codec.values(bytes, count: 1) }
        }
        let one: [UInt8] = [0, 0, 0x80, 0x3F]
        #expect(try codec.values(one + [7], count: 3) == [-1, -1, -1])
        #expect(throws: CompressionError.invalidValue(offset: 4)) { try codec.values(one + [8], count: 3) }
        #expect(throws: CompressionError.size(expected: 5, found: 4)) { try codec.values(one, count: 3) }
    }

    @Test("refuses blocks that are no power of two from 8 to 4096")
    func range() {
        for block in [0, 4, 12, 8192, -8] {
            #expect(throws: ConfigError.self) { try OneBitCompression(block: block).validate() }
        }
        for block in [8, 64, 4096] {
            #expect(throws: Never.self) { try OneBitCompression(block: block).validate() }
        }
    }
}

extension [Float] {
    /// The mean magnitude of the block of so many values that each value stands in.
    fileprivate func meanMagnitudes(ofBlocks size: Int) -> [Float] {
        stride(from: 0, to: count, by: size).flatMap { start in
            let block = self[start..<Swift.min(start + size, count)]
            let sum = block.reduce(0.0) { $0 + Double(abs($1)) }
            return [Float](repeating: Float(sum / Double(block.count)), count: block.count)
        }
    }
}
