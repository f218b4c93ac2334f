public import Buffers

/// A group of workers that forms means together; owned by one thread, which blocks in its calls.
///
/// Every member makes the same calls in the same order. Afterwards all members hold the same bits.
public protocol Communicator: AnyObject {
    /// This member's place in the group, in `0..<size`.
    var rank: Int { get }
    /// The number of members; a group of volunteers changes it from round to round.
    var size: Int { get }
    /// Starts the weighted mean `sum(weight * buffer) / sum(weight)` over the members, in place.
    ///
    /// The buffer belongs to the exchange until `PendingMean.wait()` has returned, and keeps its values if that reports an incomplete mean;
    /// if it throws they are undefined. A member of weight 0 takes part without contributing; its values may be anything.
    /// `round` is the same number on all members and grows from call to call.
    func startMean(
        of buffer: FlatBuffer,
        weight: Float,
        round: UInt64
    ) throws(CommunicationError) -> any PendingMean
    /// The same for a buffer whose values become final range after range, so that the exchange can run while the rest is computed.
    ///
    /// If `OpenMean.wait()` throws or reports an incomplete mean, the values of the buffer are undefined. It throws `notFinite` on every
    /// member if one brought values that are not finite with a weight above 0; the group can go on then, with another mean.
    func openMean(
        of buffer: FlatBuffer,
        weight: Float,
        round: UInt64
    ) throws(CommunicationError) -> any OpenMean
    /// The weighted mean of which this member needs only its own of `parts`, one a member; the values outside of it are undefined afterwards.
    func scatterMean(
        of buffer: FlatBuffer,
        weight: Float,
        round: UInt64,
        parts: [Range<Int>]
    ) throws(CommunicationError) -> MeanReport
    /// Copies every member's own of `parts`, one a member, into everybody's buffer.
    func gather(_ buffer: FlatBuffer, parts: [Range<Int>]) throws(CommunicationError)
    /// The sums of a few numbers over the members, in the order of ranks.
    func sum(_ values: [Double]) throws(CommunicationError) -> [Double]
    /// Zeros in memory from which this group exchanges fastest.
    func makeBuffer(count: Int) -> FlatBuffer
    /// Finds out how this group forms means of so many values fastest, by trying, and does so from then on.
    ///
    /// No bit of a mean depends on it. Called before memory is made by `makeBuffer`; nil where there is nothing to choose.
    func chooseExchange(count: Int) throws(CommunicationError) -> ExchangeChoice?
    /// Copies the root's values into everybody's buffer.
    func broadcast(_ buffer: FlatBuffer, from root: Int) throws(CommunicationError)
    /// The root's bytes, on every member; what the others pass is ignored.
    func broadcast(_ bytes: [UInt8], from root: Int) throws(CommunicationError) -> [UInt8]
    /// Returns once every member has called it.
    func barrier() throws(CommunicationError)
}

extension Communicator {
    /// Forms a weighted mean in place and waits for it.
    @discardableResult
    public func mean(
        of buffer: FlatBuffer,
        weight: Float,
        round: UInt64
    ) throws(CommunicationError) -> MeanReport {
        try startMean(of: buffer, weight: weight, round: round).wait()
    }
}

/// A mean whose values become final range after range; used on the thread that opened it.
public protocol OpenMean: AnyObject {
    /// These values of the buffer are final, and belong to the exchange from now on.
    ///
    /// Ranges are disjoint; the members may deliver them in different orders.
    func deliver(_ range: Range<Int>)
    /// Blocks until the mean is in the buffer, or is known to be impossible; called once, when everything was delivered.
    func wait() throws(CommunicationError) -> MeanReport
}

/// A mean under way.
public protocol PendingMean: AnyObject {
    /// Blocks until the mean is in the buffer, or is known to be impossible; called once, on the thread that started it.
    func wait() throws(CommunicationError) -> MeanReport
}

/// What became of a mean.
public struct MeanReport: Sendable, Equatable {
    /// Whether the buffer now holds the mean; if not, it holds what it held before and the mean is called again later.
    public var isComplete: Bool
    /// The sum of all weights, in samples; 0 when every member withdrew, and then the buffer is unchanged.
    public var totalWeight: Double
    /// The members of weight above 0.
    public var contributors: Int
    /// Bytes of the messages with values that this member sent; values that others read in shared memory are not sent.
    ///
    /// Peers count their headers; what a library adds to a message of its own is not known.
    public var bytesSent: UInt64
    /// Bytes of the messages that this member received, counted in the same way.
    public var bytesReceived: UInt64
    /// Wall time of the exchange in seconds.
    public var seconds: Double
    /// Members that were lost or refused on the way, by name.
    public var lost: [String]

    /// The report of a mean.
    public init(
        totalWeight: Double,
        contributors: Int,
        isComplete: Bool = true,
        seconds: Double = 0
    ) {
        self.totalWeight = totalWeight
        self.contributors = contributors
        self.isComplete = isComplete
        self.seconds = seconds
        bytesSent = 0
        bytesReceived = 0
        lost = []
    }
}

/// A mean that was complete when it started.
public final class FinishedMean: PendingMean {
    private let report: MeanReport

    /// A mean with its report.
    public init(_ report: MeanReport) {
        self.report = report
    }

    /// The report.
    public func wait() throws(CommunicationError) -> MeanReport { report }
}
