import Testing

@testable import Communication

extension Uniform8Compression: BoundedCompression {
    // A value stands for its bin, which is 6 sigma / 256 wide, but for the outermost ones, which reach to the smallest and the largest value.
    func largestErrors(_ values: [Float]) -> [Float] {
        guard values.count > 341 else { return values.map { _ in 0 } }
        let mean = values.reduce(0.0) { $0 + Double($1) } / Double(values.count)
        let squares = values.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
        let deviation = (squares / Double(values.count)).squareRoot()
        let farthest = values.reduce(0.0) { max($0, abs(Double($1) - mean)) }
        return values.map {
            // A bin's border is rounded to float32, so a value may be in the next one.
            abs(Double($0) - mean) < 2.95 * deviation ? Float(12 * deviation / 256) : Float(farthest)
        }
    }
}

@Suite("The compression uniform-8")
struct Uniform8CompressionTests {
    private func errors(_ values: [Float]) throws -> (square: Double, bias: Double) {
        let codec = Uniform8Compression()
        let decoded = try codec.values(codec.bytes(values), count: values.count)
        let errors = zip(decoded, values).map { Double($0) - Double($1) }
        let count = Double(errors.count)
        return (errors.reduce(0) { $0 + $1 * $1 } / count, errors.reduce(0, +) / count)
    }

    @Test("sends the means of 256 bins and a byte a value, or few values as they are")
    func format() throws {
        let codec = Uniform8Compression()
        #expect(
            codec.maximumSize(of: 341) == 1364 && codec.maximumSize(of: 342) == 1366 && codec.maximumSize(of: 0) == 0
        )
        #expect(codec.bytes([1, -2.5]) == [0, 0, 0x80, 0x3F, 0, 0, 0x20, 0xC0])
        // Mean 0, deviation 1: -1 is a third of the way from -3 to 3, 1 two thirds.
        let values = (0..<400).map { $0.isMultiple(of: 2) ? Float(-1) : 1 }
        let bytes = codec.bytes(values)
        #expect(bytes[1024...].elementsEqual(values.map { $0 < 0 ? 85 : 170 }))
        #expect(Array(bytes[85 * 4..<85 * 4 + 4]) == [0, 0, 0x80, 0xBF])
        #expect(try codec.values(bytes, count: 400) == values)
        let equal = [Float](repeating: 0.1, count: 400)
        #expect(try codec.values(codec.bytes(equal), count: 400) == equal)
    }

    @Test("errs as on the peers whose codec it is: 2.5e-4 mean square on normal numbers, without bias")
    func meanSquare() throws {
        let (square, bias) = try errors(CodecInput.normal(1 << 18))
        // Within 3 sigma the error is uniform in a bin: (6 / 256)^2 / 12 = 4.6e-5. The rest comes from the 0.27 % beyond, whose bins are wide: the
        // variance of the normal tail from 3 on is 0.07, so 0.0027 * 0.07 = 1.9e-4.
        #expect(square > 1.9e-4 && square < 3.1e-4)
        // Every bin's mean is rounded to float32.
        #expect(abs(bias) < 1e-7)
    }

    @Test("loses rare large values, which blocks with scales of their own keep")
    func heavyTails() throws {
        var values = CodecInput.normal(1 << 16)
        for index in stride(from: 0, to: values.count, by: 1000) {
            values[index] = index.isMultiple(of: 2000) ? 100 : 50
        }
        let blocks = Int8BlockCompression()
        let kept = try blocks.values(blocks.bytes(values), count: values.count)
        let other = zip(kept, values).reduce(0.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) } / Double(values.count)
        #expect(try errors(values).square > 10 * other)
    }

    @Test("refuses means that are infinite, no numbers or too large, and says where")
    func hostile() {
        for mean in [Float.infinity, .nan, -2e30] {
            var bytes = [UInt8](repeating: 0, count: 1424)
            withUnsafeBytes(of: mean) { bytes.replaceSubrange(8..<12, with: $0) }
            #expect(throws: CompressionError.invalidValue(offset: 8)) {
                try Uniform8Compression().values(bytes, count: 400)
            }
        }
    }
}
