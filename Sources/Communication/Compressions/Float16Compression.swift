public import Buffers
import CKernels
public import Configs

/// Values rounded to binary16, two bytes each, to the nearest, ties to even.
///
/// The error of a value is at most `2^-11` of its magnitude, or `2^-25` below `2^-14`. Magnitudes above 65504 become 65504.
///
/// Source: IEEE 754 binary16.
public struct Float16Compression: Compression {
    /// `float16`.
    public static let name = "float16"
    /// The format of the bytes.
    public static let reference = Reference(
        title: "IEEE Standard for Floating-Point Arithmetic (IEEE 754)",
        year: 2019,
        link: "https://doi.org/10.1109/IEEESTD.2019.8766229",
        equations: "binary16"
    )
    /// 4.
    public static let wireID: UInt8 = 4

    /// The codec; it has no settings.
    public init() {}

    /// Nothing to check.
    public func validate() throws(ConfigError) {}

    /// Two bytes a value.
    public func maximumSize(of count: Int) -> Int { 2 * count }

    /// Rounds the values.
    public func encode(
        _ values: Span<Float>,
        into bytes: inout MutableRawSpan,
        using random: inout RandomStream
    ) -> Int {
        write(values, into: &bytes) { ck_float16_encode($0.baseAddress, $0.count, $1.baseAddress) }
    }

    /// Widens the values; infinities and what is no number are refused.
    public func decode(_ bytes: RawSpan, into values: inout MutableSpan<Float>) throws(CompressionError) {
        try checkSize(bytes, maximumSize(of: values.count))
        if let offset = bytes.withUnsafeBytes(invalidOffset) { throw .invalidValue(offset: offset) }
        read(bytes, into: &values) { ck_float16_decode($0.baseAddress, $1.count, $1.baseAddress) }
    }

    private func invalidOffset(in bytes: UnsafeRawBufferPointer) -> Int? {
        guard !ck_float16_is_finite(bytes.baseAddress, bytes.count / 2) else { return nil }
        // The upper byte of a value comes second.
        return stride(from: 0, to: bytes.count, by: 2).first { bytes[$0 + 1] & 0x7C == 0x7C }
    }
}
