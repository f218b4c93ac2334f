public import Buffers
import CKernels
public import Configs

/// Values rounded to bfloat16, two bytes each: the upper half of a float32, rounded to the nearest, ties to even.
///
/// The error of a value is at most `2^-8` of its magnitude.
///
/// Source: Kalamkar et al. 2019, arXiv:1905.12322, section 3.
public struct BFloat16Compression: Compression {
    /// `bfloat16`.
    public static let name = "bfloat16"
    /// The format of the bytes.
    public static let reference = Reference(
        title: "A Study of BFLOAT16 for Deep Learning Training",
        year: 2019,
        link: "arXiv:1905.12322",
        equations: "section 3"
    )
    /// 2.
    public static let wireID: UInt8 = 2

    /// The codec; it has no settings.
    public init() {}

    /// Nothing to check.
    public func validate() throws(ConfigError) {}

    /// Two bytes a value.
    public func maximumSize(of count: Int) -> Int { 2 * count }

    /// Rounds the values to their upper halves.
    public func encode(
        _ values: Span<Float>,
        into bytes: inout MutableRawSpan,
        using random: inout RandomStream
    ) -> Int {
        write(values, into: &bytes) { ck_bfloat16_encode($0.baseAddress, $0.count, $1.baseAddress) }
    }

    /// Widens the values.
    public func decode(_ bytes: RawSpan, into values: inout MutableSpan<Float>) throws(CompressionError) {
        try checkSize(bytes, maximumSize(of: values.count))
        read(bytes, into: &values) { ck_bfloat16_decode($0.baseAddress, $1.count, $1.baseAddress) }
    }
}
