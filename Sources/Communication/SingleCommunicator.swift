public import Buffers

/// A group of one: every mean is the member's own values.
public final class SingleCommunicator: Communicator {
    /// Always 0.
    public let rank = 0
    /// Always 1.
    public let size = 1

    /// A group of one.
    public init() {}

    /// Leaves the buffer as it is.
    public func startMean(
        of buffer: FlatBuffer,
        weight: Float,
        round: UInt64
    ) throws(CommunicationError) -> any PendingMean {
        try checkWeight(weight)
        return FinishedMean(MeanReport(totalWeight: Double(weight), contributors: weight > 0 ? 1 : 0))
    }

    /// Leaves the buffer as it is.
    public func broadcast(_ buffer: FlatBuffer, from root: Int) throws(CommunicationError) {
        try checkRank(root, size: size)
    }

    /// The bytes themselves.
    public func broadcast(_ bytes: [UInt8], from root: Int) throws(CommunicationError) -> [UInt8] {
        try checkRank(root, size: size)
        return bytes
    }

    /// Returns at once.
    public func barrier() throws(CommunicationError) {}
}

/// Refuses a weight that is negative, not finite or too large to add up.
func checkWeight(_ weight: Float) throws(CommunicationError) {
    guard weight >= 0, Double(weight) <= RoundGroup.largestTotalWeight else { throw .invalidWeight(weight) }
}

/// Refuses a rank outside of a group.
func checkRank(_ rank: Int, size: Int) throws(CommunicationError) {
    guard (0..<size).contains(rank) else { throw .rankOutOfRange(rank: rank, size: size) }
}
