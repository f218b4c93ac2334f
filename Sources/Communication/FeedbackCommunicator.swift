public import Buffers

/// A group to which this member brings what a codec makes of its values, with what the codec dropped before.
///
/// Every mean is of values that the codec carries without a change, whichever way they go, and every member's values count as they would be
/// sent, also where they are not. All means have the same number of values. A mean that is not complete, or that nobody brought anything to,
/// leaves the residual as it was.
///
/// A mean starts when all values were delivered, because the codec needs whole blocks.
public final class FeedbackCommunicator: Communicator {
    /// This member's rank in the group.
    public var rank: Int { base.rank }
    /// The size of the group.
    public var size: Int { base.size }
    /// What was dropped of this member's values.
    public let feedback: ErrorFeedback

    private let base: any Communicator
    private let values: FlatBuffer

    /// A member of a group whose means have `count` values; `decay` is in `[0, 1]`, and the codec a projection.
    public init(_ base: any Communicator, _ codec: any Compression, decay: Float, count: Int) {
        self.base = base
        feedback = ErrorFeedback(codec, decay: decay, count: count)
        values = base.makeBuffer(count: count)
    }

    /// Starts the mean of what the codec makes of the values.
    ///
    /// Throws `notFinite`, on all members where the group does so, if values cannot be encoded.
    public func startMean(
        of buffer: FlatBuffer,
        weight: Float,
        round: UInt64
    ) throws(CommunicationError) -> any PendingMean {
        guard weight > 0 else { return try base.startMean(of: buffer, weight: weight, round: round) }
        // The caller's values stay until the mean is known to be complete.
        values.copy(from: buffer)
        // The group must hear together that values cannot be used.
        if !feedback.compress(values, round: round, rank: base.rank) { values.fill(.nan) }
        let mean = try base.startMean(of: values, weight: weight, round: round)
        return PendingFeedbackMean(mean, of: values, into: buffer, feedback)
    }

    /// Memory from which the group exchanges fastest.
    public func makeBuffer(count: Int) -> FlatBuffer { base.makeBuffer(count: count) }

    /// The choice of the group.
    public func chooseExchange(count: Int) throws(CommunicationError) -> ExchangeChoice? {
        try base.chooseExchange(count: count)
    }

    /// Copies the members' parts.
    public func gather(_ buffer: FlatBuffer, parts: [Range<Int>]) throws(CommunicationError) {
        try base.gather(buffer, parts: parts)
    }

    /// The sums over the members.
    public func sum(_ values: [Double]) throws(CommunicationError) -> [Double] { try base.sum(values) }

    /// Copies the root's values into every buffer.
    public func broadcast(_ buffer: FlatBuffer, from root: Int) throws(CommunicationError) {
        try base.broadcast(buffer, from: root)
    }

    /// The root's bytes on every member.
    public func broadcast(_ bytes: [UInt8], from root: Int) throws(CommunicationError) -> [UInt8] {
        try base.broadcast(bytes, from: root)
    }

    /// Returns once every member has called it.
    public func barrier() throws(CommunicationError) { try base.barrier() }
}

/// A mean of compressed values under way.
private final class PendingFeedbackMean: PendingMean {
    private let mean: any PendingMean
    private let values: FlatBuffer
    private let buffer: FlatBuffer
    private let feedback: ErrorFeedback

    init(_ mean: any PendingMean, of values: FlatBuffer, into buffer: FlatBuffer, _ feedback: ErrorFeedback) {
        self.mean = mean
        self.values = values
        self.buffer = buffer
        self.feedback = feedback
    }

    func wait() throws(CommunicationError) -> MeanReport {
        let report = try mean.wait()
        guard report.isComplete, report.totalWeight > 0 else { return report }
        feedback.commit()
        buffer.copy(from: values)
        return report
    }
}
