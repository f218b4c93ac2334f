import Testing

@testable import Communication

extension Float16Compression: BoundedCompression {
    func largestErrors(_ values: [Float]) -> [Float] {
        values.map { max(abs($0) - 65504, min(abs($0), 65504) * 0x1p-11, 0x1p-25) }
    }
}

@Suite("The compression float16")
struct Float16CompressionTests {
    @Test("reads every number of the format as the standard library does, and writes it as it was")
    func numbers() throws {
        let codec = Float16Compression()
        let all = (UInt16.min...UInt16.max).map { Float16(bitPattern: $0) }.filter(\.isFinite)
        let bytes = all.flatMap { [UInt8(truncatingIfNeeded: $0.bitPattern), UInt8($0.bitPattern >> 8)] }
        let values = all.map { Float($0) }
        #expect(try codec.values(bytes, count: all.count).bits == values.bits)
        #expect(codec.bytes(values) == bytes)
    }

    @Test("rounds to the nearest, ties to even, and cuts at the largest number")
    func rounding() throws {
        let codec = Float16Compression()
        let ties: [Float] = [
            1 + 0x1p-11, 1 + 3 * 0x1p-11, 0x1p-25, 3 * 0x1p-25, 0x1p-14 - 0x1p-25, 65519, 65520, -1e30,
        ]
        let expected: [Float] = [1, 1 + 0x1p-9, 0, 0x1p-23, 0x1p-14, 65504, 65504, -65504]
        #expect(try codec.values(codec.bytes(ties), count: ties.count) == expected)
        let values = CodecInput.normal(1 << 16).flatMap { [$0, $0 * 1e-5, $0 * 1e4] }
        let decoded = try codec.values(codec.bytes(values), count: values.count)
        #expect(decoded.bits == values.map { Float(Float16($0)) }.bits)
    }

    @Test("errs by less than 5e-8 mean square on normal numbers")
    func meanSquare() throws {
        let codec = Float16Compression()
        let values = CodecInput.normal(1 << 18)
        let decoded = try codec.values(codec.bytes(values), count: values.count)
        let squares = zip(decoded, values).reduce(0.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
        // A step of 2^-10 of the power of two below a value: 2^-20 / 12 times the mean square of those powers, which is near 0.54.
        #expect(squares / Double(values.count) < 5e-8)
    }

    @Test("refuses infinities and what is no number, and says where")
    func hostile() {
        for code in [UInt8(0x7C), 0xFC, 0x7E, 0xFF] {
            let bytes: [UInt8] = [0, 0x3C, 0, code, 0, 0]
            #expect(throws: CompressionError.invalidValue(offset: 2)) {
                try Float16Compression().values(bytes, count: 3)
            }
        }
    }
}
