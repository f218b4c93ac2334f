public import Buffers
import CKernels
public import Configs

/// The values of largest magnitude in every 4096, each with two bits: its sign, and which of two magnitudes it has.
///
/// A chunk of 4096 values keeps at most `kept` of them that are not 0, of equal ones the first; the last chunk its share, rounded up. The two
/// magnitudes are means of the smaller and of the larger of them. What is lost is most of the values and belongs into the next ones (error
/// feedback). Means go back as `sparse-8`, because the mean of several members' values is denser than each of them, and nobody keeps what
/// is lost of it.
///
/// A chunk is a byte with the number of its values, the two magnitudes in float32, their places in the numbering of Elias and Fano (about 8
/// bits each where 64 are kept, instead of 12), and then two bits each, filled up to whole bytes.
///
/// Source: Sarfi et al. 2025, arXiv:2508.15706, algorithm 1, with chunks along the layout instead of within each matrix and with levels that
/// are means instead of fixed multiples; Lin et al. 2018, "Deep Gradient Compression", arXiv:1712.01887.
public struct TopKCompression: Compression {
    /// `top-k`.
    public static let name = "top-k"
    /// Where two bits for the largest values of chunks are described.
    public static let reference = Reference(
        title: "Communication Efficient LLM Pre-training with SparseLoCo",
        year: 2025,
        link: "arXiv:2508.15706",
        equations: "algorithm 1"
    )
    /// 9.
    public static let wireID: UInt8 = 9

    /// The values of a chunk that are kept, in `1...128`.
    public var kept: Int

    /// The codec that keeps 32 of 4096 values.
    public init() { self.init(kept: 32) }

    /// The codec that keeps so many of 4096 values.
    public init(kept: Int) {
        self.kept = kept
    }

    /// Refuses to keep nothing, or so much that another codec does better.
    public func validate() throws(ConfigError) {
        guard (1...Int(CK_TOP_MOST)).contains(kept) else {
            throw .outOfRange("kept", found: kept, expected: "1 to \(CK_TOP_MOST)")
        }
    }

    /// Whatever is not 0, in a byte each.
    public var forMean: any Compression { Sparse8Compression() }

    /// A chunk.
    public var alignment: Int { Int(CK_SPARSE_CHUNK) }

    /// Two magnitudes are the means of themselves.
    public var isProjection: Bool { true }

    /// For every 4096 values 53 bytes where 32 are kept, 89 where 64 are.
    public func maximumSize(of count: Int) -> Int { ck_top_limit(count, kept) }

    /// Writes the largest values.
    public func encode(
        _ values: Span<Float>,
        into bytes: inout MutableRawSpan,
        using random: inout RandomStream
    ) -> Int {
        var used = 0
        _ = write(values, into: &bytes) { used = ck_top_encode($0.baseAddress, $0.count, kept, $1.baseAddress) }
        return used
    }

    /// Reads them; magnitudes must be positive and in order, places must rise, and unused bits must be 0.
    public func decode(_ bytes: RawSpan, into values: inout MutableSpan<Float>) throws(CompressionError) {
        let count = values.count
        try checkSize(bytes, bytes.withUnsafeBytes { ck_top_size($0.baseAddress, $0.count, count, kept) })
        var bad = Int.max
        read(bytes, into: &values) {
            bad = ck_top_decode($0.baseAddress, $1.count, kept, largestReceivedValue, $1.baseAddress)
        }
        if bad >= 0, bad < bytes.byteCount { throw .invalidValue(offset: bad) }
    }
}
