/// Everything that can happen to a run; the journal is a list of these with their times.
public enum Command: Codable, Equatable, Sendable {
    /// A worker wants to take part, or says so once more.
    case join(JoinFacts)
    /// A member says which state it holds; also a sign that it is not busy.
    case claim(peer: PeerID, holds: StateMark?)
    /// A member goes.
    case leave(peer: PeerID)
    /// A member was not heard for too long.
    case lose(peer: PeerID, reason: String)
    /// A member has computed a lease.
    case complete(peer: PeerID, lease: LeaseID, loss: Double?, withdrawn: Bool)
    /// A member says how an exchange ended.
    case report(peer: PeerID, round: RoundID, attempt: UInt32, outcome: ExchangeOutcome)
    /// The coordinator holds a checkpoint completely.
    case hold(Checkpoint)
    /// Time has passed.
    case tick
    /// The coordinator was started again; deadlines that passed meanwhile are nobody's fault.
    case restart
}
