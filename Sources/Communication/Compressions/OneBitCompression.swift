public import Buffers
import CKernels
public import Configs

/// The sign of each value, and the mean magnitude of its block: one bit a value, and four bytes a block.
///
/// With `s = mean |x|` over the block, `x` is sent as `s sign(x)`. What is lost is not small and not 0 on average: it belongs into the next
/// values (error feedback), without which signs need not lead downhill. Means go back as `int8-block`, because nobody keeps what is lost of
/// them. All scales come first, then the signs, eight a byte, the first in the lowest bit, 1 for negative values.
///
/// Source: Karimireddy et al. 2019, arXiv:1901.09847, algorithm 1 with the scaled sign that it is shown for, in blocks instead of layers; Seide et
/// al. 2014, "1-Bit Stochastic Gradient Descent and its Application to Data-Parallel Distributed Training of Speech DNNs".
public struct OneBitCompression: Compression {
    /// `one-bit`.
    public static let name = "one-bit"
    /// Where scaled signs with error feedback are described.
    public static let reference = Reference(
        title: "Error Feedback Fixes SignSGD and other Gradient Compression Schemes",
        year: 2019,
        link: "arXiv:1901.09847",
        equations: "algorithm 1"
    )
    /// 8.
    public static let wireID: UInt8 = 8

    /// The values that share a scale, a power of two in `8...4096`.
    public var block: Int

    /// The codec with blocks of 64 values: 1.5 bits a value.
    public init() { self.init(block: 64) }

    /// The codec with blocks of a size.
    public init(block: Int) {
        self.block = block
    }

    /// Refuses blocks that no part could be made of.
    public func validate() throws(ConfigError) {
        guard (8...4096).contains(block), block.nonzeroBitCount == 1 else {
            throw .outOfRange("block", found: block, expected: "a power of two from 8 to 4096")
        }
    }

    /// Blocks, each with a scale of its own.
    public var forMean: any Compression { Int8BlockCompression() }

    /// A block.
    public var alignment: Int { block }

    /// The mean of equal magnitudes is that magnitude.
    public var isProjection: Bool { true }

    /// One bit a value and four bytes a block.
    public func maximumSize(of count: Int) -> Int { scales.byteCount(of: count) + (count + 7) / 8 }

    /// Writes the mean magnitudes and the signs.
    public func encode(
        _ values: Span<Float>,
        into bytes: inout MutableRawSpan,
        using random: inout RandomStream
    ) -> Int {
        let scaleBytes = scales.byteCount(of: values.count)
        return write(values, into: &bytes) {
            ck_sign_encode($0.baseAddress, $0.count, block, $1.baseAddress, $1.baseAddress?.advanced(by: scaleBytes))
        }
    }

    /// Gives the signs their block's scale, which must be finite and not negative; bits behind the last value must be 0.
    public func decode(_ bytes: RawSpan, into values: inout MutableSpan<Float>) throws(CompressionError) {
        let count = values.count
        try checkSize(bytes, maximumSize(of: count))
        if let offset = bytes.withUnsafeBytes({ invalidByte(in: $0, count: count) }) {
            throw .invalidValue(offset: offset)
        }
        let scaleBytes = scales.byteCount(of: count)
        read(bytes, into: &values) {
            ck_sign_decode($0.baseAddress, $0.baseAddress?.advanced(by: scaleBytes), $1.count, block, $1.baseAddress)
        }
    }

    private var scales: BlockScales { BlockScales(block: block) }

    private func invalidByte(in bytes: UnsafeRawBufferPointer, count: Int) -> Int? {
        let scale = BlockScales.firstInvalid(in: bytes[..<scales.byteCount(of: count)], limit: largestReceivedValue)
        if let scale { return scale }
        guard let last = bytes.last, count % 8 != 0 else { return nil }
        return last >> (count % 8) == 0 ? nil : bytes.count - 1
    }
}
