public import Buffers
import CKernels
public import Configs

/// Values in blocks that share a scale, as the scale, its negative or zero by chance: five values a byte, and four bytes a block.
///
/// With `s = max |x|` over the block, `x` is sent as `s sign(x) b` with `b` 1 with probability `|x| / s` and else 0. Its mean is `x` (up to
/// `s 2^-24`, the step of the random numbers) and its variance `|x| (s - |x|)`. All scales come first, then all bytes.
///
/// Source: Wen et al. 2017, arXiv:1705.07878, equations 1 to 3, with blocks of values instead of layers.
public struct TernaryCompression: Compression {
    /// `ternary`.
    public static let name = "ternary"
    /// Where gradients of three levels are described.
    public static let reference = Reference(
        title: "TernGrad: Ternary Gradients to Reduce Communication in Distributed Deep Learning",
        year: 2017,
        link: "arXiv:1705.07878",
        equations: "equations 1 to 3"
    )
    /// 7.
    public static let wireID: UInt8 = 7

    /// The values that share a scale, in `8...65536`.
    public var block: Int

    /// The codec with blocks of 64 values: 2.1 bits a value.
    public init() { self.init(block: 64) }

    /// The codec with blocks of a size.
    public init(block: Int) {
        self.block = block
    }

    /// Refuses blocks too small to save anything, or too large for a part.
    public func validate() throws(ConfigError) {
        try scales.validate()
    }

    /// One byte for five values and four a block.
    public func maximumSize(of count: Int) -> Int { scales.byteCount(of: count) + (count + 4) / 5 }

    /// Draws a digit for every value, with random numbers that follow from the next 64 bits of the stream.
    public func encode(
        _ values: Span<Float>,
        into bytes: inout MutableRawSpan,
        using random: inout RandomStream
    ) -> Int {
        let scaleBytes = scales.byteCount(of: values.count)
        let key = random.next()
        return write(values, into: &bytes) {
            let digits = $1.baseAddress?.advanced(by: scaleBytes)
            ck_ternary_encode($0.baseAddress, $0.count, block, key, $1.baseAddress, digits)
        }
    }

    /// Multiplies the digits by their block's scale; a scale must be finite and not negative, a byte one that encoding writes.
    public func decode(_ bytes: RawSpan, into values: inout MutableSpan<Float>) throws(CompressionError) {
        let count = values.count
        try checkSize(bytes, maximumSize(of: count))
        if let offset = bytes.withUnsafeBytes({ invalidByte(in: $0, count: count) }) {
            throw .invalidValue(offset: offset)
        }
        let scaleBytes = scales.byteCount(of: count)
        read(bytes, into: &values) {
            let digits = $0.baseAddress?.advanced(by: scaleBytes)
            ck_ternary_decode($0.baseAddress, digits, $1.count, block, $1.baseAddress)
        }
    }

    private var scales: BlockScales { BlockScales(block: block) }

    private func invalidByte(in bytes: UnsafeRawBufferPointer, count: Int) -> Int? {
        let scaleBytes = scales.byteCount(of: count)
        let scale = BlockScales.firstInvalid(in: bytes[..<scaleBytes], limit: largestReceivedValue)
        if let scale { return scale }
        let valid = scaleBytes + ck_ternary_valid(bytes.baseAddress?.advanced(by: scaleBytes), count)
        return valid < bytes.count ? valid : nil
    }
}
