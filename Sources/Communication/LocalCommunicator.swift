public import Buffers

/// One thread's place in a group of threads of one process.
///
/// Made by `LocalGroup`, used by one thread. When it goes away, or `leave()` is called, exchanges that wait for it fail.
public final class LocalCommunicator: Communicator {
    /// This thread's rank.
    public let rank: Int
    /// The number of threads.
    public var size: Int { group.size }

    private let group: LocalGroup

    init(rank: Int, of group: LocalGroup) {
        self.rank = rank
        self.group = group
    }

    deinit { leave() }

    /// Leaves the group; whoever waits for this member, now or later, gets `memberFailed`.
    public func leave() {
        group.leave(rank)
    }

    /// Adds the weighted values in the order of ranks and divides once by the sum of the weights.
    ///
    /// Throws `notFinite` on all members if one of them brought values that are not finite with a weight above 0.
    public func startMean(
        of buffer: FlatBuffer,
        weight: Float,
        round: UInt64
    ) throws(CommunicationError) -> any PendingMean {
        try checkWeight(weight)
        // Even values that cannot be used are handed in, so that no member waits for this one.
        let isUsable = weight == 0 || buffer.withFloats(isUsable)
        let deposit = isUsable ? LocalGroup.Deposit.mean(buffer.floats, weight: weight) : .unusable(round: round)
        let result = try group.exchange(deposit, from: rank)
        guard case .mean(let mean, let report) = result else { throw LocalGroup.mixedCalls }
        if !mean.isEmpty { buffer.copy(from: mean) }
        return FinishedMean(report)
    }

    /// Copies the root's values into every member's buffer.
    public func broadcast(_ buffer: FlatBuffer, from root: Int) throws(CommunicationError) {
        try checkRank(root, size: size)
        guard case .floats(let values) = try group.exchange(.floats(buffer.floats, root: root), from: rank) else {
            throw LocalGroup.mixedCalls
        }
        guard values.count == buffer.count else {
            throw .countMismatch(expected: values.count, found: buffer.count)
        }
        buffer.copy(from: values)
    }

    /// The root's bytes on every member.
    public func broadcast(_ bytes: [UInt8], from root: Int) throws(CommunicationError) -> [UInt8] {
        try checkRank(root, size: size)
        guard case .bytes(let result) = try group.exchange(.bytes(bytes, root: root), from: rank) else {
            throw LocalGroup.mixedCalls
        }
        return result
    }

    /// Returns once every member has called it.
    public func barrier() throws(CommunicationError) {
        _ = try group.exchange(.barrier, from: rank)
    }
}
