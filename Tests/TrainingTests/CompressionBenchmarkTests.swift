import Buffers
import Communication
import Configs
import Testing

@testable import Training

@Suite("A measurement of codecs")
struct CompressionBenchmarkTests {
    private static let benchmark = CompressionBenchmark(count: 1_000_000, seconds: 1e-6)

    @Test("finds no error without compression, at 32 bits a value")
    func exact() throws {
        let figures = try Self.benchmark.run(Float32Compression())
        #expect(figures.bitsPerValue == 32 && figures.mseNormal == 0 && figures.biasNormal == 0 && figures.mseT3 == 0)
        #expect(figures.encodeN >= 3 && figures.decodeN >= 3 && figures.encodeGbS > 0 && figures.decodeGbS > 0)
        #expect(figures.config == ["compression": "float32", "values": "1000000", "threads": "1"])
    }

    @Test("finds the errors of int8-block")
    func rounding() throws {
        let figures = try Self.benchmark.run(Int8BlockCompression())
        // A step is peak / 127 and its square by 12 the error, with a mean square of a peak of 64 normal numbers near 6.
        #expect(figures.mseNormal <= 8e-5 && figures.mseNormal > 2e-5 && abs(figures.biasNormal) <= 1e-5)
        #expect(figures.mseT3 <= 1e-2 && figures.mseT3 > figures.mseNormal)
        #expect(abs(figures.bitsPerValue - 8.5) < 1e-3)
    }

    @Test("finds the errors of ternary, and no bias beyond chance")
    func chance() throws {
        let figures = try Self.benchmark.run(TernaryCompression())
        #expect(abs(figures.mseNormal - 1.08) < 0.02 && figures.mseT3 > 3 && abs(figures.bitsPerValue - 2.1) < 1e-3)
        // 5 deviations of a mean over a million values.
        #expect(abs(figures.biasNormal) <= 5 * figures.mseNormal.squareRoot() / 1000)
    }

    @Test("gives the same errors each time, for one value and for several parts", arguments: [1, 300_001])
    func repeatable(count: Int) throws {
        let figures = try (0..<2).map { _ in
            try CompressionBenchmark(count: count, seconds: 1e-6).run(TernaryCompression())
        }
        #expect(figures[0].mseNormal == figures[1].mseNormal && figures[0].mseT3 == figures[1].mseT3)
        #expect(figures[0].bitsPerValue == figures[1].bitsPerValue)
    }

    @Test("draws numbers with the moments of a normal and of a Student's t distribution")
    func distributions() throws {
        // Zeros for values: the errors are the squares of the numbers themselves.
        let figures = try Self.benchmark.run(Silence())
        // The variance of a square is 2, 1.4e-3 for the mean of a million; 5 deviations.
        #expect(abs(figures.mseNormal - 1) < 7e-3)
        // The variance is 3; its estimate has no variance of its own, so the bounds are wide.
        #expect(figures.mseT3 > 2.5 && figures.mseT3 < 4 && figures.bitsPerValue == 0)
    }

    @Test("tells that a codec refuses its own bytes")
    func refused() {
        #expect(throws: CompressionError.invalidValue(offset: 3)) { try Self.benchmark.run(Silence(isBroken: true)) }
    }

    @Test("has a table whose columns are as wide as their heads")
    func table() throws {
        let figures = try CompressionBenchmark(count: 1000, seconds: 1e-6).run(BFloat16Compression())
        #expect(figures.row.count == CompressionFigures.header.count && figures.row.hasPrefix("bfloat16 "))
    }
}

/// A codec that sends nothing and gives zeros.
private struct Silence: Compression {
    static let name = "silence"
    static let reference = Reference(title: "None", year: 2026, link: "none")
    static let wireID: UInt8 = 255

    var isBroken = false

    init() {}

    init(isBroken: Bool) { self.isBroken = isBroken }

    func validate() {}

    func maximumSize(of count: Int) -> Int { 0 }

    func encode(_ values: Span<Float>, into bytes: inout MutableRawSpan, using random: inout RandomStream) -> Int { 0 }

    func decode(_ bytes: RawSpan, into values: inout MutableSpan<Float>) throws(CompressionError) {
        if isBroken { throw .invalidValue(offset: 3) }
        for index in values.indices { values[index] = 0 }
    }
}
