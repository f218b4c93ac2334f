import Configs
import Testing

@testable import Communication

extension Int8BlockCompression: BoundedCompression {
    func largestErrors(_ values: [Float]) -> [Float] { values.peaks(ofBlocks: block).map { $0 / 254 } }
}

@Suite("The compression int8-block")
struct Int8BlockCompressionTests {
    @Test("sends multiples of the scale of a block")
    func format() throws {
        let codec = Int8BlockCompression(block: 8)
        let bytes = codec.bytes([127, -127, 1, 0.4, -0.6, 0, 63, 2, 254])
        #expect(Array(bytes.prefix(8)) == [0, 0, 0x80, 0x3F, 0, 0, 0, 0x40])
        #expect(bytes.dropFirst(8).map { Int8(bitPattern: $0) } == [127, -127, 1, 0, -1, 0, 63, 2, 127])
        #expect(try codec.values(bytes, count: 9) == [127, -127, 1, 0, -1, 0, 63, 2, 254])
    }

    @Test("errs by less than 8e-5 mean square on normal numbers, at 8.5 bits a value")
    func meanSquare() throws {
        let codec = Int8BlockCompression()
        let values = CodecInput.normal(1 << 18)
        let bytes = codec.bytes(values)
        let decoded = try codec.values(bytes, count: values.count)
        let squares = zip(decoded, values).reduce(0.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
        // A step is peak / 127 with a peak near 2.5: 2.5^2 / 127^2 / 12 is 3.2e-5.
        #expect(squares / Double(values.count) < 4e-5)
        #expect(bytes.count * 16 == values.count * 17)
    }

    @Test("refuses scales that are negative, infinite or NaN, and the code -128")
    func hostile() {
        let codec = Int8BlockCompression(block: 8)
        for scale in [Float(-1), .infinity, .nan, 1e29] {
            let bytes = withUnsafeBytes(of: scale) { Array($0) } + [1]
            #expect(throws: CompressionError.invalidValue(offset: 0)) { try codec.values(bytes, count: 1) }
        }
        #expect(throws: CompressionError.invalidValue(offset: 5)) { try codec.values([0, 0, 0, 0, 1, 0x80], count: 2) }
    }

    @Test("refuses blocks below 8 and above 65536 values")
    func range() {
        for block in [0, 7, 65_537, -1] {
            #expect(throws: ConfigError.self) { try Int8BlockCompression(block: block).validate() }
        }
        #expect(throws: Never.self) { try Int8BlockCompression(block: 65_536).validate() }
    }
}
