import Testing

@testable import Communication

extension Quantile8Compression: BoundedCompression {
    // A value stands for a bin, whose values are within a 256th of all ranks of its own cell, and in whole cells.
    func largestErrors(_ values: [Float]) -> [Float] {
        guard values.count > 341 else { return values.map { _ in 0 } }
        let sorted = values.sorted()
        let reach = (values.count + 255) / 256
        return values.map { value in
            // A cell is 2^-15 of its values wide.
            let width = abs(value) * 0x1p-15
            let first = sorted.firstRank { $0 >= value - width }
            let last = sorted.firstRank { $0 > value + width }
            let low = sorted[max(0, first - reach)]
            let high = sorted[min(sorted.count - 1, last + reach)]
            return max(high - value, value - low) + max(abs(low), abs(high)) * 0x1p-15
        }
    }
}

extension [Float] {
    /// The first index in this sorted array whose value is as asked, or its count.
    fileprivate func firstRank(where isReached: (Float) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if isReached(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

@Suite("The compression quantile-8")
struct Quantile8CompressionTests {
    /// Student's t with 3 degrees of freedom.
    private func heavyTailed(_ count: Int) -> [Float] {
        let parts = (1...4).map { CodecInput.normal(count, seed: $0) }
        return (0..<count).map { index in
            let squares = parts[1...].reduce(Float(0)) { $0 + $1[index] * $1[index] }
            return parts[0][index] / (squares / 3).squareRoot()
        }
    }

    private func errors(_ codec: some Compression, _ values: [Float]) throws -> (square: Double, bias: Double) {
        let decoded = try codec.values(codec.bytes(values), count: values.count)
        let errors = zip(decoded, values).map { Double($0) - Double($1) }
        let count = Double(errors.count)
        return (errors.reduce(0) { $0 + $1 * $1 } / count, errors.reduce(0, +) / count)
    }

    private func names(_ values: [Float]) -> [UInt8] { Array(Quantile8Compression().bytes(values)[1024...]) }

    @Test("sends the means of 256 bins and a byte a value, or few values as they are")
    func format() throws {
        let codec = Quantile8Compression()
        #expect([0, 341, 342].map(codec.maximumSize) == [0, 1364, 1366])
        #expect(codec.bytes([1, -2.5]) == [0, 0, 0x80, 0x3F, 0, 0, 0x20, 0xC0])
        // Four values a bin, backwards: -512, -511, -510, -509 is the first one.
        let values = (0..<1024).map { Float(511 - $0) }
        let bytes = codec.bytes(values)
        #expect(bytes[1024...].elementsEqual((0..<1024).map { UInt8(255 - $0 / 4) }))
        let mean = Float(-510.5)
        #expect(withUnsafeBytes(of: mean) { $0.elementsEqual(bytes[..<4]) })
        #expect(try codec.values(bytes, count: 1024).last == mean)
    }

    @Test("fills all bins alike, on any scale")
    func counts() {
        for scale: Float in [1e-30, 1, 1e28] {
            var counts = [Int](repeating: 0, count: 256)
            for name in names(CodecInput.normal(1 << 18, scale: scale)) { counts[Int(name)] += 1 }
            // A bin's borders are those of cells, which are at most 2^-15 of their values wide. The density of x in
            // ln |x| is at most 0.25, so a cell has 2^18 * 0.25 * 2^-15 = 2 values in the mean; hardly any has 20.
            #expect(counts.allSatisfy { abs($0 - 1024) <= 20 })
        }
    }

    @Test("gives equal values one name, keeps their order, and keeps values exactly that fill a bin each")
    func ties() throws {
        let codec = Quantile8Compression()
        for value: Float in [0, -0.0, 0.1, -1e30, .leastNonzeroMagnitude] {
            let values = [Float](repeating: value, count: 500)
            #expect(try codec.values(codec.bytes(values), count: 500) == values)
        }
        // Each of 200 values has more than a 256th of all ranks, so that no two share a bin.
        let mixed = (0..<20_000).map { Float($0 % 200) - 77 }
        #expect(try codec.values(codec.bytes(mixed), count: mixed.count) == mixed)
        let values = CodecInput.normal(5000)
        let named = zip(values, names(values)).sorted { $0.0 < $1.0 }.map(\.1)
        #expect(named == named.sorted())
    }

    @Test("errs by 7.4e-4 mean square on normal numbers, without bias")
    func normal() throws {
        let (square, bias) = try errors(Quantile8Compression(), CodecInput.normal(1 << 18))
        // The variance within the bins of a normal density: the two outermost, which hold all beyond 2.66, make 6.44e-4 of
        // it, the two next to them 3.8e-5, all others 6.2e-5. From the fourth moments within bins, the mean square
        // error of 2^18 values deviates by 3.6e-5; 5 of these are allowed.
        #expect(abs(square - 7.43e-4) < 5 * 3.6e-5)
        // Every bin's mean is rounded to float32, to within 2^-24 of at most 4.
        #expect(abs(bias) < 2.4e-7)
    }

    @Test("errs less than bins of one width on heavy tails, and more than blocks with scales of their own")
    func heavyTails() throws {
        let values = heavyTailed(1 << 16)
        let square = try errors(Quantile8Compression(), values).square
        #expect(try square < errors(Uniform8Compression(), values).square)
        #expect(try square > 10 * errors(Int8BlockCompression(), values).square)
    }

    @Test("refuses means that are infinite, no numbers or too large, and says where")
    func hostile() {
        for mean in [Float.infinity, .nan, -2e30] {
            var bytes = [UInt8](repeating: 0, count: 1424)
            withUnsafeBytes(of: mean) { bytes.replaceSubrange(1020..<1024, with: $0) }
            #expect(throws: CompressionError.invalidValue(offset: 1020)) {
                try Quantile8Compression().values(bytes, count: 400)
            }
        }
    }
}
