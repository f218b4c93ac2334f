/// Decides who is in a round and whether its result counts; implemented by the worker over its connection to the coordinator.
///
/// Both calls come from the trainer's thread and block. A call throws `closed` when the worker is told to stop and `authority` when the
/// coordinator refuses for good; whatever passes by itself (a restart of the coordinator) is waited out inside.
///
/// One round, as a member sees it:
/// 1. `group(round:weight:)` once this member has computed everything it was asked to. The answer is `again` with the group of the
///    first attempt, or `incomplete`.
/// 2. The members exchange. Nobody applies anything.
/// 3. `report(_:)`: the digest of the mean, or who was lost. The answer is `committed` if everybody reported the same digest, `again`
///    with the next attempt's group (new key, the lost left out), or `incomplete` if samples of a lost member have to be computed first.
///    After `incomplete` the caller keeps its values, computes what it is given, adds it, and begins again with step 1.
public protocol RoundAuthority: AnyObject {
    /// Blocks until the members of a round are known; `weight` is what this member brings, in samples.
    ///
    /// Never answers `committed`.
    func group(round: UInt64, weight: Double) throws(CommunicationError) -> RoundVerdict
    /// Hands in what became of an attempt and blocks until it is decided.
    func report(_ result: RoundResult) throws(CommunicationError) -> RoundVerdict
}

/// What the authority decided.
public enum RoundVerdict: Sendable, Equatable {
    /// All members reported the same digest: apply the mean.
    case committed(totalWeight: Double)
    /// Exchange the same local values in this group.
    case again(RoundGroup)
    /// Samples of lost members must be computed first; the mean is called again later.
    case incomplete
}

/// What became of one attempt on one member.
public struct RoundResult: Sendable, Codable, Equatable {
    /// The number of the round.
    public var round: UInt64
    /// The number of the attempt.
    public var attempt: UInt32
    /// The mean's digest, or who was lost.
    public var outcome: RoundOutcome
    /// Bytes sent to peers, headers included.
    public var bytesSent: UInt64
    /// Bytes received from peers, headers included.
    public var bytesReceived: UInt64
    /// Wall time of the attempt in seconds.
    public var seconds: Double

    /// A result.
    public init(
        round: UInt64,
        attempt: UInt32,
        outcome: RoundOutcome,
        bytesSent: UInt64 = 0,
        bytesReceived: UInt64 = 0,
        seconds: Double = 0
    ) {
        self.round = round
        self.attempt = attempt
        self.outcome = outcome
        self.bytesSent = bytesSent
        self.bytesReceived = bytesReceived
        self.seconds = seconds
    }
}

/// How one attempt ended on one member.
public enum RoundOutcome: Sendable, Codable, Hashable {
    /// The mean stands; `digest` is the SHA-256 of its little-endian float32 bytes in lower-case hexadecimal.
    case mean(digest: String)
    /// The attempt failed because of these members; `reason` says in words what was missing or wrong.
    case lost(members: [String], reason: String)
}
