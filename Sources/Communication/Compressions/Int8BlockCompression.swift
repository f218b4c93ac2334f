public import Buffers
import CKernels
public import Configs

/// Values in blocks that share a scale: one signed byte each, and four bytes a block.
///
/// With `s = max |x| / 127` over the block, `x` is sent as `round(x / s)`. The error of a value is at most half a scale, `max |x| / 254`:
/// a large value spoils only its own block. All scales come first, then all bytes.
///
/// Source: Dettmers et al. 2022, arXiv:2110.02861, section 2.1, with a linear map instead of a dynamic one.
public struct Int8BlockCompression: Compression {
    /// `int8-block`.
    public static let name = "int8-block"
    /// Where blocks with scales of their own are described.
    public static let reference = Reference(
        title: "8-bit Optimizers via Block-wise Quantization",
        year: 2022,
        link: "arXiv:2110.02861",
        equations: "section 2.1"
    )
    /// 3.
    public static let wireID: UInt8 = 3

    /// The values that share a scale, in `8...65536`.
    public var block: Int

    /// The codec with blocks of 64 values: 8.5 bits a value.
    public init() { self.init(block: 64) }

    /// The codec with blocks of a size.
    public init(block: Int) {
        self.block = block
    }

    /// Refuses blocks too small to save anything, or too large for a part.
    public func validate() throws(ConfigError) {
        try scales.validate()
    }

    /// One byte a value and four a block.
    public func maximumSize(of count: Int) -> Int { scales.byteCount(of: count) + count }

    /// Rounds the values to multiples of their block's scale.
    public func encode(
        _ values: Span<Float>,
        into bytes: inout MutableRawSpan,
        using random: inout RandomStream
    ) -> Int {
        let scaleBytes = scales.byteCount(of: values.count)
        return write(values, into: &bytes) {
            ck_int8_encode($0.baseAddress, $0.count, block, $1.baseAddress, $1.baseAddress?.advanced(by: scaleBytes))
        }
    }

    /// Multiplies the bytes by their block's scale; a scale must be finite and not negative, a byte not -128.
    public func decode(_ bytes: RawSpan, into values: inout MutableSpan<Float>) throws(CompressionError) {
        try checkSize(bytes, maximumSize(of: values.count))
        let scaleBytes = scales.byteCount(of: values.count)
        if let offset = bytes.withUnsafeBytes({ invalidByte(in: $0, scaleBytes: scaleBytes) }) {
            throw .invalidValue(offset: offset)
        }
        read(bytes, into: &values) {
            ck_int8_decode($0.baseAddress, $0.baseAddress?.advanced(by: scaleBytes), $1.count, block, $1.baseAddress)
        }
    }

    private var scales: BlockScales { BlockScales(block: block) }

    private func invalidByte(in bytes: UnsafeRawBufferPointer, scaleBytes: Int) -> Int? {
        BlockScales.firstInvalid(in: bytes[..<scaleBytes], limit: largestReceivedValue / 127)
            ?? bytes[scaleBytes...].firstIndex(of: 0x80)
    }
}
