import Testing

@testable import Communication

extension BFloat16Compression: BoundedCompression {
    func largestErrors(_ values: [Float]) -> [Float] { values.map { abs($0) * 0x1p-8 } }
}

@Suite("The compression bfloat16")
struct BFloat16CompressionTests {
    @Test("rounds to the nearest upper half, ties to even")
    func rounding() throws {
        let codec = BFloat16Compression()
        // 1 + 2^-8 lies between 1 and 1 + 2^-7 and goes to the even one; 1 + 3 * 2^-8 goes up to 1 + 2^-6.
        #expect(try codec.values(codec.bytes([1 + 0x1p-8, 1 + 3 * 0x1p-8, -2.5]), count: 3) == [1, 1 + 0x1p-6, -2.5])
        #expect(codec.bytes([1, -2]) == [0x80, 0x3F, 0x00, 0xC0])
    }

    @Test("errs by at most 2^-8 of a value, and by 1.4e-6 mean square on normal numbers")
    func meanSquare() throws {
        let codec = BFloat16Compression()
        let values = CodecInput.normal(1 << 18)
        let decoded = try codec.values(codec.bytes(values), count: values.count)
        #expect(zip(decoded, values).allSatisfy { abs($0 - $1) <= abs($1) * 0x1p-8 })
        let squares = zip(decoded, values).reduce(0.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
        // A relative error that is uniform in its binade has a mean square of about 2^-16 / 12 * E[x^2 / m^2 m^2]; 2.8e-6 is twice that.
        #expect(squares / Double(values.count) < 2.8e-6)
        #expect(codec.maximumSize(of: 1000) == 2000)
        try codec.validate()
    }
}
