import Buffers
import CKernels
import Configs
import Testing

@testable import Communication

extension TernaryCompression: BoundedCompression {
    func largestErrors(_ values: [Float]) -> [Float] {
        zip(values, values.peaks(ofBlocks: block)).map { max(abs($0), $1 - abs($0)) }
    }
}

@Suite("The compression ternary")
struct TernaryCompressionTests {
    /// What the definition gives for every value, one Philox block at a time.
    private static func reference(_ values: [Float], block: Int, seed: UInt64) -> [Float] {
        var random = RandomStream(seed: seed, purpose: .rounding, index: 0)
        let bits = random.next()
        let key = [UInt32(truncatingIfNeeded: bits), UInt32(truncatingIfNeeded: bits >> 32)]
        return zip(values, values.peaks(ofBlocks: block)).enumerated().map { index, pair in
            let place = index % 1280
            var words: [UInt32] = [0, 0, 0, 0]
            ck_philox([UInt32(index / 1280 * 320 + place % 320), 0, 0, 0], key, &words)
            let uniform = Float(words[place / 320] >> 8) * 0x1p-24
            return uniform < abs(pair.0) / pair.1 ? Float(signOf: pair.0, magnitudeOf: pair.1) : 0
        }
    }

    @Test("sends scales, then five digits a byte")
    func format() throws {
        let codec = TernaryCompression(block: 8)
        // Zeros and peaks leave nothing to chance. Byte 0 holds the values 0, 2, 4, 6, 8, which make 1 + 2 * 27 + 2 * 81;
        // byte 1 the others, which make 2 + 3 + 81.
        let values: [Float] = [2, -2, 0, 2, 0, 0, -2, 0, -1, 1]
        let bytes = codec.bytes(values)
        #expect(bytes == [0, 0, 0, 0x40, 0, 0, 0x80, 0x3F, 217, 86])
        #expect(try codec.values(bytes, count: 10) == values)
        #expect(codec.maximumSize(of: 0) == 0 && codec.maximumSize(of: 11) == 11)
        #expect(TernaryCompression().maximumSize(of: 64_000) * 8 * 10 == 64_000 * 21)
    }

    @Test("draws from Philox blocks under one key, whatever the blocks", arguments: [8, 10, 64, 1000, 1280, 65_536])
    func numbers(block: Int) throws {
        let codec = TernaryCompression(block: block)
        for count in [1, 4, 6, 64, 999, 1279, 1280, 1281, 5003] {
            let values = CodecInput.normal(count)
            let decoded = try codec.values(codec.bytes(values, seed: 5), count: count)
            #expect(decoded == Self.reference(values, block: block, seed: 5), "\(count) values")
        }
        let values = CodecInput.normal(999)
        #expect(codec.bytes(values, seed: 5) != codec.bytes(values, seed: 6))
    }

    @Test("is right on average, for every value")
    func mean() throws {
        let (codec, draws) = (TernaryCompression(), 4000)
        let values = CodecInput.normal(70)
        var sums = [Double](repeating: 0, count: values.count)
        for seed in 0..<draws {
            let decoded = try codec.values(codec.bytes(values, seed: UInt64(seed)), count: values.count)
            for (index, value) in decoded.enumerated() { sums[index] += Double(value) }
        }
        for ((sum, value), peak) in zip(zip(sums, values), values.peaks(ofBlocks: 64)) {
            let variance = Double(abs(value) * (peak - abs(value)))
            // 5 deviations of a mean over the draws, and rounding in the peak itself, which has none.
            #expect(abs(sum / Double(draws) - Double(value)) <= 5 * (variance / Double(draws)).squareRoot() + 1e-6)
        }
    }

    @Test("errs by |x| (s - |x|) mean square", arguments: [64, 4096])
    func meanSquare(block: Int) throws {
        let codec = TernaryCompression(block: block)
        let values = CodecInput.normal(1 << 15)
        let decoded = try codec.values(codec.bytes(values), count: values.count)
        var (found, expected, spread) = (0.0, 0.0, 0.0)
        for ((value, decoded), peak) in zip(zip(values, decoded), values.peaks(ofBlocks: block)) {
            let (x, s) = (Double(abs(value)), Double(peak))
            let (low, high) = (x * x, (s - x) * (s - x))
            found += (Double(decoded) - Double(value)) * (Double(decoded) - Double(value))
            expected += x * (s - x)
            // The variance of a square that is `high` with probability x / s and else `low`.
            spread += x / s * (1 - x / s) * (high - low) * (high - low)
        }
        #expect(abs(found - expected) <= 5 * spread.squareRoot())
        // That is near 1.08 for blocks of 64, so that a gradient's noise doubles; more for larger blocks.
        #expect((block == 64) == (expected / Double(values.count) < 1.2))
    }

    @Test("draws among the smallest numbers that there are")
    func denormal() throws {
        let codec = TernaryCompression(block: 8)
        let least = Float.leastNonzeroMagnitude
        let values = (0..<1600).map { $0 % 8 == 0 ? 4 * least : -least }
        let decoded = try codec.values(codec.bytes(values), count: values.count)
        #expect(
            decoded.indices.allSatisfy { decoded[$0] == ($0 % 8 == 0 ? 4 * least : -4 * least) || decoded[$0] == 0 }
        )
        #expect(stride(from: 0, to: 1600, by: 8).allSatisfy { decoded[$0] > 0 })
        // 1400 draws with probability 1/4: 350, and 5 deviations of 16.2.
        #expect(abs(decoded.count { $0 < 0 } - 350) <= 81)
    }

    @Test("refuses scales that are negative, infinite, NaN or too large, and bytes that no digits make")
    func hostile() throws {
        let codec = TernaryCompression(block: 8)
        for scale in [Float(-1), .infinity, .nan, 2e30] {
            let bytes = withUnsafeBytes(of: scale) { Array($0) } + [1]
            #expect(throws: CompressionError.invalidValue(offset: 0)) { try codec.values(bytes, count: 1) }
        }
        let one: [UInt8] = [0, 0, 0x80, 0x3F]
        #expect(try codec.values(one + [242], count: 5) == [-1, -1, -1, -1, -1])
        #expect(try codec.values(one + [2], count: 1) == [-1])
        // A byte of six digits, and digits for values that are not there: value 1 of 1, and value 7 of 7, in byte 1.
        #expect(throws: CompressionError.invalidValue(offset: 4)) { try codec.values(one + [243], count: 5) }
        #expect(throws: CompressionError.invalidValue(offset: 5)) { try codec.values(one + [0, 255], count: 7) }
        #expect(throws: CompressionError.invalidValue(offset: 4)) { try codec.values(one + [3], count: 1) }
        #expect(throws: CompressionError.invalidValue(offset: 5)) { try codec.values(one + [0, 27], count: 7) }
        let long = [UInt8](repeating: 0, count: 4 * 165) + [UInt8](repeating: 242, count: 256)
        #expect(throws: CompressionError.invalidValue(offset: 916)) {
            try codec.values(long + [0xFF, 243, 0, 0, 0, 0, 0, 0], count: 1318)
        }
        #expect(throws: Never.self) { try codec.values(long + [242, 2, 0, 0, 0, 0, 0, 0], count: 1318) }
    }

    @Test("refuses blocks below 8 and above 65536 values")
    func range() {
        for block in [0, 7, 65_537, -1] {
            #expect(throws: ConfigError.self) { try TernaryCompression(block: block).validate() }
        }
        #expect(throws: Never.self) { try TernaryCompression(block: 65_536).validate() }
    }
}

extension Float {
    /// A number with the sign of one and the magnitude of another.
    fileprivate init(signOf sign: Float, magnitudeOf magnitude: Float) {
        self = sign.sign == .minus ? -magnitude : magnitude
    }
}
