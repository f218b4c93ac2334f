import Testing

@testable import Communication

extension Float32Compression: BoundedCompression {
    func largestErrors(_ values: [Float]) -> [Float] { values.map { _ in 0 } }
}

@Suite("The compression float32")
struct Float32CompressionTests {
    @Test("is exact, bit for bit, and little-endian")
    func exact() throws {
        let codec = Float32Compression()
        #expect(codec.bytes([1]) == [0, 0, 0x80, 0x3F])
        for values in CodecInput.all {
            #expect(try codec.values(codec.bytes(values), count: values.count).bits == values.bits)
        }
    }

    @Test("has no settings and is always valid")
    func settings() throws {
        try Float32Compression().validate()
        #expect(Float32Compression().maximumSize(of: 1000) == 4000)
    }
}
