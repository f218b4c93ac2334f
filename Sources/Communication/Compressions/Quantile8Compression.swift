public import Buffers
import CKernels
public import Configs

/// Values named by one byte each: 256 bins of equal count, each of which stands for the mean of its values.
///
/// Bins are narrow where values are many, so that it errs little on most values and much on rare large ones: the
/// largest 256th of all values is one bin. Ranks are exact but for values whose upper 24 bits are the same, which
/// share a bin. The bytes are those of `uniform-8`: the 256 means, then the names; they keep the sum of all values.
/// Fewer than 342 values are sent as they are.
///
/// Source: Ryabinin et al. 2021, arXiv:2103.03239, and its software hivemind; here for comparison with `int8-block`.
public struct Quantile8Compression: Compression {
    /// `quantile-8`.
    public static let name = "quantile-8"
    /// Where the averaging of volunteers is described whose software has this codec.
    public static let reference = Reference(
        title: "Moshpit SGD: Communication-Efficient Decentralized Training on Heterogeneous Unreliable Devices",
        year: 2021,
        link: "arXiv:2103.03239",
        equations: "the codec of its software"
    )
    /// 6.
    public static let wireID: UInt8 = 6

    private static let bins = 256

    /// The codec; it has no settings.
    public init() {}

    /// Nothing to check.
    public func validate() throws(ConfigError) {}

    /// One byte a value and 1024, or four bytes a value where that is less.
    public func maximumSize(of count: Int) -> Int { Uniform8Compression().maximumSize(of: count) }

    /// Names the values' bins.
    public func encode(
        _ values: Span<Float>,
        into bytes: inout MutableRawSpan,
        using random: inout RandomStream
    ) -> Int {
        guard maximumSize(of: values.count) < 4 * values.count else {
            return Float32Compression().encode(values, into: &bytes, using: &random)
        }
        return write(values, into: &bytes, name)
    }

    /// Looks the means up, which must be finite.
    public func decode(_ bytes: RawSpan, into values: inout MutableSpan<Float>) throws(CompressionError) {
        try Uniform8Compression().decode(bytes, into: &values)
    }

    private func name(_ values: UnsafeBufferPointer<Float>, _ bytes: UnsafeMutableRawBufferPointer) {
        let bookBytes = Self.bins * MemoryLayout<Float>.stride
        let names = UnsafeMutableRawBufferPointer(rebasing: bytes[bookBytes...]).assumingMemoryBound(to: UInt8.self)
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: Int(CK_QUANTILE_TABLES)) { tables in
            ck_quantile_name(values.baseAddress, values.count, tables.baseAddress, names.baseAddress)
        }
        withUnsafeTemporaryAllocation(of: Float.self, capacity: Self.bins) { means in
            ck_codebook_means(values.baseAddress, names.baseAddress, values.count, means.baseAddress)
            bytes.copyMemory(from: UnsafeRawBufferPointer(means))
        }
    }
}
