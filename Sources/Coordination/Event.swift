/// Something the run decided; `description` gives the reason in words.
public enum Event: Codable, Equatable, Sendable {
    /// A worker became a member.
    case joined(PeerID, name: String)
    /// A member holds the agreed state and takes part from now on.
    case activated(PeerID, StateMark)
    /// A member went or was dropped; what it had computed in this round is computed again by others.
    case removed(PeerID, reason: String)
    /// Samples were leased.
    case leased(LeaseID, PeerID, first: UInt64, count: UInt64)
    /// Samples of this round came back and are leased again.
    case returned(PeerID, count: UInt64, reason: String)
    /// A round began.
    case roundBegan(RoundID, first: UInt64, count: UInt64, members: Int)
    /// A group was announced.
    case exchangeBegan(RoundID, attempt: UInt32, members: Int)
    /// An attempt failed with everybody there.
    case exchangeFailed(RoundID, attempt: UInt32, reason: String)
    /// A round counts.
    case committed(Commit)
    /// The run waits for members that load the state.
    case gathering(donor: PeerID?, joiners: Int)
    /// A member was asked for the state.
    case stateRequested(PeerID, StateMark)
    /// The coordinator holds a checkpoint.
    case checkpointHeld(StateMark)
    /// A checkpoint is not kept any longer.
    case checkpointDropped(Checkpoint)
    /// Nobody held the agreed state; the run went back.
    case rolledBack(from: StateMark, to: StateMark)
    /// The coordinator was started again.
    case restarted
    /// Every sample is counted and the last state is held.
    case finished(StateMark)
}

extension Event: CustomStringConvertible {
    /// What happened and why, in words.
    public var description: String {
        switch self {
        case .joined(let peer, let name): "\(name) (\(peer)) joined"
        case .activated(let peer, let mark): "\(peer) holds the state at \(mark) and takes part"
        case .removed(let peer, let reason): "\(peer) is out: \(reason)"
        case .leased(let lease, let peer, let first, let count):
            "lease \(lease): samples \(first) to \(first + count) for \(peer)"
        case .returned(let peer, let count, let reason): "\(count) samples of \(peer) are leased again: \(reason)"
        case .roundBegan(let round, let first, let count, let members):
            "round \(round): samples \(first) to \(first + count) among \(members)"
        case .exchangeBegan(let round, let attempt, let members):
            "round \(round): exchange \(attempt) among \(members)"
        case .exchangeFailed(let round, let attempt, let reason):
            "round \(round): exchange \(attempt) failed: \(reason)"
        case .committed(let commit): "round \(commit.round) counts: \(commit.after) samples"
        case .gathering(let donor, let joiners):
            "waiting for \(joiners) to load the state" + (donor.map { " from \($0)" } ?? "")
        case .stateRequested(let peer, let mark): "\(peer) is asked for the state at \(mark)"
        case .checkpointHeld(let mark): "checkpoint at \(mark) is held"
        case .checkpointDropped(let checkpoint): "checkpoint at \(checkpoint.mark) is not kept any longer"
        case .rolledBack(let from, let to): "nobody holds the state at \(from): back to \(to)"
        case .restarted: "the coordinator was started again"
        case .finished(let mark): "finished: \(mark) samples"
        }
    }
}
