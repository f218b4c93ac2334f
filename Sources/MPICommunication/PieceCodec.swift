import Buffers
import CKernels
import Communication

/// A lossy codec between members: it encodes pieces reproducibly and judges what comes back.
struct PieceCodec {
    /// The codec of what members bring.
    let compression: any Compression
    /// The codec of sums.
    let forSums: any Compression
    /// The exchange that random numbers and errors belong to.
    var round: UInt64 = 0

    /// What a message carries; the two never share random numbers.
    enum Kind: UInt64 {
        case contribution
        case sum
    }

    /// The largest magnitude that codecs take.
    private static let largestValue: Float = 1e30
    /// What rounding may make of it.
    private static let largestDecoded: Float = 1.1e30

    /// A codec, or nil for the one that sends values as they lie in memory.
    init?(_ compression: any Compression) {
        if compression is Float32Compression { return nil }
        self.compression = compression
        forSums = compression.forMean
    }

    /// The most bytes that so many values take, of either kind.
    func maximumSize(of count: Int) -> Int { max(compression.maximumSize(of: count), forSums.maximumSize(of: count)) }

    /// Writes values into the front of `bytes` and returns the bytes used.
    ///
    /// Random numbers are those of `RandomStream(seed: round, purpose: .rounding, index:)` with the kind in the lowest of the upper 24 bits
    /// of the index, the member's place above it, and the position of the first value in the buffer in the lower 40 bits.
    func encode(
        _ values: UnsafeBufferPointer<Float>,
        at position: Int,
        _ kind: Kind,
        of member: Int,
        into bytes: UnsafeMutableRawBufferPointer
    ) throws(CommunicationError) -> Int {
        guard ck_is_within(values.baseAddress, values.count, Self.largestValue) else {
            // One rank alone finds this, so the job cannot go on; values that are not finite on a rank never come here.
            throw .badMessage(rank: member, reason: "a number is above 1e30, which no codec carries")
        }
        let index = (UInt64(member) << 1 | kind.rawValue) << 40 | UInt64(position)
        var random = RandomStream(seed: round, purpose: .rounding, index: index)
        var target = bytes.mutableBytes
        return codec(of: kind).encode(values.span, into: &target, using: &random)
    }

    /// Reads values that a rank sent.
    func decode(
        _ bytes: UnsafeRawBufferPointer,
        _ kind: Kind,
        from rank: Int,
        into values: UnsafeMutableBufferPointer<Float>
    ) throws(CommunicationError) {
        do throws(CompressionError) {
            var target = values.mutableSpan
            try codec(of: kind).decode(bytes.bytes, into: &target)
        } catch {
            throw .badMessage(rank: rank, reason: error.description)
        }
        guard ck_is_within(values.baseAddress, values.count, Self.largestDecoded) else {
            throw .badMessage(rank: rank, reason: "a number is not finite or above 1e30")
        }
    }

    private func codec(of kind: Kind) -> any Compression { kind == .sum ? forSums : compression }
}
