public import Buffers
public import Configs

/// Values as they are: four little-endian bytes each, exact.
///
/// Source: IEEE 754 binary32.
public struct Float32Compression: Compression {
    /// `float32`.
    public static let name = "float32"
    /// The format of the bytes.
    public static let reference = Reference(
        title: "IEEE Standard for Floating-Point Arithmetic (IEEE 754)",
        year: 2019,
        link: "https://doi.org/10.1109/IEEESTD.2019.8766229",
        equations: "binary32"
    )
    /// 1.
    public static let wireID: UInt8 = 1

    /// The codec; it has no settings.
    public init() {}

    /// Nothing to check.
    public func validate() throws(ConfigError) {}

    /// Four bytes a value.
    public func maximumSize(of count: Int) -> Int { 4 * count }

    /// Copies the bytes of the values.
    public func encode(
        _ values: Span<Float>,
        into bytes: inout MutableRawSpan,
        using random: inout RandomStream
    ) -> Int {
        write(values, into: &bytes) { $1.copyMemory(from: UnsafeRawBufferPointer($0)) }
    }

    /// Copies the bytes back.
    public func decode(_ bytes: RawSpan, into values: inout MutableSpan<Float>) throws(CompressionError) {
        try checkSize(bytes, maximumSize(of: values.count))
        read(bytes, into: &values) { UnsafeMutableRawBufferPointer($1).copyMemory(from: $0) }
    }
}
