public import Buffers
import CKernels
public import Configs

/// Values named by one byte each: 256 bins of one width around the mean, each of which stands for the mean of its values.
///
/// The bins are `6 sigma / 256` wide, with the deviation `sigma` of the values; what is beyond 3 sigma falls into the outermost ones, so that
/// rare large values are lost. The 256 means come first, then the bytes. Means of bins keep the sum of all values. Fewer than 342
/// values are sent as they are, which takes fewer bytes.
///
/// Source: Ryabinin et al. 2021, arXiv:2103.03239, and its software hivemind; here for comparison with `int8-block`.
public struct Uniform8Compression: Compression {
    /// `uniform-8`.
    public static let name = "uniform-8"
    /// Where the averaging of volunteers is described whose software has this codec.
    public static let reference = Reference(
        title: "Moshpit SGD: Communication-Efficient Decentralized Training on Heterogeneous Unreliable Devices",
        year: 2021,
        link: "arXiv:2103.03239",
        equations: "the codec of its software"
    )
    /// 5.
    public static let wireID: UInt8 = 5

    private static let bookBytes = 1024

    /// The codec; it has no settings.
    public init() {}

    /// Nothing to check.
    public func validate() throws(ConfigError) {}

    /// One byte a value and 1024, or four bytes a value where that is less.
    public func maximumSize(of count: Int) -> Int { min(4 * count, Self.bookBytes + count) }

    /// Names the values' bins.
    public func encode(
        _ values: Span<Float>,
        into bytes: inout MutableRawSpan,
        using random: inout RandomStream
    ) -> Int {
        guard hasBook(values.count) else { return Float32Compression().encode(values, into: &bytes, using: &random) }
        return write(values, into: &bytes, name)
    }

    /// Looks the means up, which must be finite.
    public func decode(_ bytes: RawSpan, into values: inout MutableSpan<Float>) throws(CompressionError) {
        guard hasBook(values.count) else { return try Float32Compression().decode(bytes, into: &values) }
        try checkSize(bytes, maximumSize(of: values.count))
        if let offset = bytes.withUnsafeBytes(invalidOffset) { throw .invalidValue(offset: offset) }
        read(bytes, into: &values) {
            let names = $0[Self.bookBytes...].assumingMemoryBound(to: UInt8.self)
            ck_codebook_decode($0.baseAddress, names.baseAddress, $1.count, $1.baseAddress)
        }
    }

    private func hasBook(_ count: Int) -> Bool { Self.bookBytes + count < 4 * count }

    private func name(_ values: UnsafeBufferPointer<Float>, _ bytes: UnsafeMutableRawBufferPointer) {
        var (mean, deviation) = (0.0, 0.0)
        ck_moments(values.baseAddress, values.count, &mean, &deviation)
        // Values that differ by less are one: the scale of their bins would not be a number.
        let scale = deviation < 1e-35 ? 0 : Float(256 / (6 * deviation))
        let names = bytes[Self.bookBytes...].assumingMemoryBound(to: UInt8.self)
        ck_codebook_name(values.baseAddress, values.count, Float(mean - 3 * deviation), scale, names.baseAddress)
        withUnsafeTemporaryAllocation(of: Float.self, capacity: 256) { means in
            ck_codebook_means(values.baseAddress, names.baseAddress, values.count, means.baseAddress)
            bytes.copyMemory(from: UnsafeRawBufferPointer(means))
        }
    }

    private func invalidOffset(in bytes: UnsafeRawBufferPointer) -> Int? {
        stride(from: 0, to: Self.bookBytes, by: 4).first {
            let mean = Float(bitPattern: bytes.loadUnaligned(fromByteOffset: $0, as: UInt32.self))
            return !(abs(mean) <= largestReceivedValue)
        }
    }
}
