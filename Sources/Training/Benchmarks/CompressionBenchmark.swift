import Buffers
public import Communication
import Configs

/// Measures what codecs cost and how far they err, on random numbers in parts as rounds cut them.
public struct CompressionBenchmark: Sendable {
    /// The most values that can be measured.
    public static let largestCount = 1 << 26
    private static let seed: UInt64 = 0

    private let seconds: Double
    private let normal: [Float]
    private let student: [Float]

    /// Draws `count` values of each distribution, in `1...largestCount`, to be encoded and decoded for about `seconds` each.
    public init(count: Int, seconds: Double) {
        precondition((1...Self.largestCount).contains(count), "\(count) values")
        self.seconds = seconds
        normal = Self.normal(count, index: 0)
        student = Self.student(count)
    }

    /// Measures a codec on the calling thread; throws what its own bytes are refused with.
    public func run(_ codec: some Compression) throws(CompressionError) -> CompressionFigures {
        var parts = EncodedParts(codec, count: normal.count)
        parts.encode(student)
        let studentError = Self.errors(of: try parts.decode(), student)
        parts.encode(normal)
        var decoded = try parts.decode()
        let normalError = Self.errors(of: decoded, normal)
        let encoding = Repeat.times(seconds: seconds, warmup: 0) { parts.encode(normal) }
        var failure: CompressionError?
        let decoding = Repeat.times(seconds: seconds, warmup: 0) {
            do throws(CompressionError) { try parts.decode(into: &decoded) } catch { failure = error }
        }
        if let failure { throw failure }
        return CompressionFigures(
            config: ["compression": type(of: codec).name, "values": "\(normal.count)", "threads": "1"],
            bitsPerValue: 8 * Double(parts.byteCount) / Double(normal.count),
            encode: encoding,
            decode: decoding,
            bytes: 4 * normal.count,
            normal: normalError,
            student: studentError
        )
    }

    private static func normal(_ count: Int, index: UInt64) -> [Float] {
        var stream = RandomStream(seed: seed, purpose: .noise, index: index)
        return stream.normal([count]).floats
    }

    /// Student's t with 3 degrees of freedom: a normal number by the root of the mean of three squares of others.
    private static func student(_ count: Int) -> [Float] {
        let numbers = (1...4).map { normal(count, index: $0) }
        return (0..<count).map { index in
            let squares = numbers[1...].reduce(0) { $0 + Double($1[index]) * Double($1[index]) }
            return Float(Double(numbers[0][index]) / max((squares / 3).squareRoot(), 1e-6))
        }
    }

    /// The mean square and the mean of the errors.
    private static func errors(of decoded: [Float], _ values: [Float]) -> (square: Double, mean: Double) {
        var (squares, sum) = (0.0, 0.0)
        for index in values.indices {
            let error = Double(decoded[index]) - Double(values[index])
            squares += error * error
            sum += error
        }
        return (squares / Double(values.count), sum / Double(values.count))
    }
}
