import Foundation

/// What a codec costs and how far it errs.
public struct CompressionFigures: Encodable, Sendable {
    /// Always `compression`.
    public let name = "compression"
    /// The codec and the settings it was measured with.
    public let config: [String: String]
    /// Bits that a normal number takes on the wire, scales included.
    public let bitsPerValue: Double
    /// GB of float32 values encoded in a second, at the median.
    public let encodeGbS: Double
    /// GB of float32 values decoded and judged in a second, at the median.
    public let decodeGbS: Double
    /// How often all values were encoded.
    public let encodeN: Int
    /// How often all values were decoded.
    public let decodeN: Int
    /// The mean squared error of standard normal numbers.
    public let mseNormal: Double
    /// The mean error of standard normal numbers.
    public let biasNormal: Double
    /// The mean squared error of numbers with Student's t distribution and 3 degrees of freedom.
    public let mseT3: Double

    /// The figures from the times in seconds that all values, `bytes` of float32, took.
    init(
        config: [String: String],
        bitsPerValue: Double,
        encode: [Double],
        decode: [Double],
        bytes: Int,
        normal: (square: Double, mean: Double),
        student: (square: Double, mean: Double)
    ) {
        func rate(_ times: [Double]) -> Double { 1e-9 * Double(bytes) / max(times.sorted()[times.count / 2], 1e-9) }
        self.config = config
        self.bitsPerValue = bitsPerValue
        encodeGbS = rate(encode)
        decodeGbS = rate(decode)
        encodeN = encode.count
        decodeN = decode.count
        mseNormal = normal.square
        biasNormal = normal.mean
        mseT3 = student.square
    }

    /// The head of a table of codecs.
    public static let header =
        "compression       bits/value  encode GB/s  decode GB/s  MSE normal  bias normal     MSE t3"

    /// A row of the table.
    public var row: String {
        let codec = config["compression"] ?? ""
        return codec.padding(toLength: max(16, codec.count), withPad: " ", startingAt: 0)
            + String(format: "%12.4g%13.3g%13.3g", bitsPerValue, encodeGbS, decodeGbS)
            + String(format: "%12.3g%13.2g%11.3g", mseNormal, biasNormal, mseT3)
    }
}
