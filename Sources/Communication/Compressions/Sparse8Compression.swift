public import Buffers
import CKernels
public import Configs

/// The values that are not 0, in a signed byte each, in chunks of 4096 that share a scale.
///
/// With `s = max |x| / 127` over the chunk, `x` is sent as `round(x / s)`; values that become 0 are left out. The error of a value is at most
/// `max |x| / 254`. It is for means of sparse values, as `top-k` makes them; values none of which are 0 take an eighth more than one byte.
///
/// A chunk is the number of its values in two bytes, the scale in float32, their places (a bit for each of the chunk, or fewer where the
/// numbering of Elias and Fano is shorter), filled up to a whole byte, and then their bytes.
///
/// Source: Dettmers et al. 2022, arXiv:2110.02861, section 2.1, with a linear map; places by Elias 1974, "Efficient Storage and Retrieval by
/// Content and Address of Static Files".
public struct Sparse8Compression: Compression {
    /// `sparse-8`.
    public static let name = "sparse-8"
    /// Where blocks with scales of their own are described.
    public static let reference = Reference(
        title: "8-bit Optimizers via Block-wise Quantization",
        year: 2022,
        link: "arXiv:2110.02861",
        equations: "section 2.1"
    )
    /// 10.
    public static let wireID: UInt8 = 10

    /// The codec; it has no settings.
    public init() {}

    /// Nothing to check.
    public func validate() throws(ConfigError) {}

    /// A byte and a bit for each value, and six bytes a chunk.
    public func maximumSize(of count: Int) -> Int { ck_sparse_limit(count) }

    /// Writes the values that are not 0.
    public func encode(
        _ values: Span<Float>,
        into bytes: inout MutableRawSpan,
        using random: inout RandomStream
    ) -> Int {
        var used = 0
        _ = write(values, into: &bytes) { used = ck_sparse_encode($0.baseAddress, $0.count, $1.baseAddress) }
        return used
    }

    /// Multiplies the bytes by their chunk's scale, which must be positive; places must rise, unused bits be 0, and no byte 0 or -128.
    public func decode(_ bytes: RawSpan, into values: inout MutableSpan<Float>) throws(CompressionError) {
        let count = values.count
        try checkSize(bytes, bytes.withUnsafeBytes { ck_sparse_size($0.baseAddress, $0.count, count) })
        var bad = Int.max
        read(bytes, into: &values) {
            bad = ck_sparse_decode($0.baseAddress, $1.count, largestReceivedValue / 127, $1.baseAddress)
        }
        if bad >= 0, bad < bytes.byteCount { throw .invalidValue(offset: bad) }
    }
}
