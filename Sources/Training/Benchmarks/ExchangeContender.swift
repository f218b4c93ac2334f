public import Buffers
public import Communication

/// One way in which a group adds up values, to be measured.
public struct ExchangeContender {
    /// What every member brings to a mean, in samples; a power of two, so that weighted values stay exact.
    static let weight: Float = 16

    /// The name in measurements.
    public let name: String
    /// Whether the result is the sum; if not, the mean of equal weights.
    let isSum: Bool
    /// The largest error of a value as a share of the largest magnitude; nil if it is not known.
    let tolerance: Float?
    /// Zeros in memory that suits this way.
    let makeBuffer: (_ count: Int) -> FlatBuffer
    /// Exchanges `own`, of which `result` holds a copy, and leaves the result in `result`.
    let exchange: (_ own: FlatBuffer, _ result: FlatBuffer, _ round: UInt64) throws(CommunicationError) -> Void

    /// Sums of ordinary memory, exact.
    public init(
        sums name: String,
        exchange: @escaping (_ own: FlatBuffer, _ result: FlatBuffer) throws(CommunicationError) -> Void
    ) {
        self.name = name
        isSum = true
        tolerance = 0
        makeBuffer = { FlatBuffer(count: $0) }
        self.exchange = { (own, result, _) throws(CommunicationError) in try exchange(own, result) }
    }

    /// Means of a communicator whose values travel by `compression`.
    ///
    /// With `pieces` the values are delivered in so many ranges, the last first, as a backward pass does; otherwise at once.
    /// `size` is the number of members where the communicator does not know it before its first mean.
    public init(
        means name: String,
        of communicator: any Communicator,
        compression: any Compression,
        pieces: Int? = nil,
        size: Int? = nil
    ) {
        self.name = name
        isSum = false
        tolerance = Self.tolerance(of: compression, size: size ?? communicator.size)
        makeBuffer = { communicator.makeBuffer(count: $0) }
        exchange = { (_, result, round) throws(CommunicationError) in
            guard let pieces else {
                try communicator.mean(of: result, weight: Self.weight, round: round)
                return
            }
            let mean = try communicator.openMean(of: result, weight: Self.weight, round: round)
            for piece in (0..<pieces).reversed() {
                mean.deliver(result.count * piece / pieces..<result.count * (piece + 1) / pieces)
            }
            _ = try mean.wait()
        }
    }

    // A value is encoded on at most one way through all members, and a sum of k of them counts for a k-th after the division.
    private static func tolerance(of compression: any Compression, size: Int) -> Float? {
        let encodings = Float(max(2, size))
        switch compression {
        case is Float32Compression: return 0
        // The codec's bound for one encoding, and a little for the error of a value that is encoded again.
        case is BFloat16Compression: return encodings * 0x1.02p-8
        case is Int8BlockCompression: return encodings * 1.02 / 254
        default: return nil
        }
    }
}
