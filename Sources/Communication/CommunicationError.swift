/// Why workers could not compute together.
public enum CommunicationError: Error, Sendable, Equatable {
    /// The communicator or its network was closed, usually because the worker was told to stop.
    case closed
    /// An address could not be listened on.
    case listen(host: String, port: Int, reason: String)
    /// A group of a round that cannot work; `reason` names the field and its value.
    case invalidGroup(round: UInt64, reason: String)
    /// The group of a round does not hold this worker.
    case notAMember(id: String, round: UInt64)
    /// A weight that is negative, not finite or above the limit.
    case invalidWeight(Float)
    /// The values to average are not finite though their weight is above 0.
    case notFinite(round: UInt64)
    /// Members brought buffers of different counts.
    case countMismatch(expected: Int, found: Int)
    /// A rank outside of the group.
    case rankOutOfRange(rank: Int, size: Int)
    /// A call that this kind of group does not offer.
    case unsupported(operation: String, instead: String)
    /// Another member of the process's group gave up.
    case memberFailed(rank: Int)
    /// The authority over rounds refused or could not be reached; `reason` is its sentence.
    case authority(reason: String)
    /// Rank 0 could not exchange with the group outside; `reason` is its sentence.
    case outside(reason: String)
    /// An MPI call failed.
    case mpi(operation: String, rank: Int, host: String, reason: String)
    /// A rank sent bytes that are not what was agreed on.
    case badMessage(rank: Int, reason: String)
}

extension CommunicationError: CustomStringConvertible {
    /// One sentence: what was expected, what was found, what to do.
    public var description: String {
        switch self {
        case .closed:
            "the exchange was closed before it was finished; start the worker again to go on"
        case .listen(let host, let port, let reason):
            "cannot listen on \(host):\(port) (\(reason)); choose a free port or an address of this machine"
        case .invalidGroup(let round, let reason):
            "the group of round \(round) is not valid: \(reason); the coordinator must send another one"
        case .notAMember(let id, let round):
            "the group of round \(round) does not hold this worker '\(id)'; it must join again"
        case .invalidWeight(let weight):
            "the weight of a mean must be between 0 and \(RoundGroup.largestTotalWeight) samples, not \(weight)"
        case .notFinite(let round):
            "the values of round \(round) are not finite or above 1e30; a worker must withdraw with weight 0 instead"
        case .countMismatch(let expected, let found):
            "all members must average the same number of values, but one has \(expected) and one \(found); give them the same run file"
        case .rankOutOfRange(let rank, let size):
            "rank \(rank) is not in a group of \(size); ranks run from 0 to \(size - 1)"
        case .unsupported(let operation, let instead):
            "this group has no \(operation); \(instead)"
        case .memberFailed(let rank):
            "member \(rank) of this process left the group before the exchange was finished; see its own error"
        case .authority(let reason):
            "the round could not be settled with the coordinator: \(reason)"
        case .outside(let reason):
            "rank 0 could not exchange for this group: \(reason)"
        case .mpi(let operation, let rank, let host, let reason):
            "\(operation) failed on rank \(rank) of host \(host): \(reason); start the job again to resume"
        case .badMessage(let rank, let reason):
            "rank \(rank) sent a message that cannot be used: \(reason); give all ranks the same program and run file"
        }
    }
}
