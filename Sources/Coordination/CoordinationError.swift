/// Why a command was refused; a refused command changes nothing.
public enum CoordinationError: Error, Equatable, Sendable {
    /// A value from outside is not in its range.
    case invalid(what: String, value: String)
    /// The peer is not a member: it never joined, left, or was lost. It has to join (again).
    case unknownPeer(PeerID)
    /// The peer belongs to another token.
    case notOwner(PeerID)
    /// The run has as many members as it may have.
    case full(members: Int)
    /// The run is finished.
    case finished
    /// A checkpoint of a state that is not on the run's line of history.
    case foreignState(StateMark, current: StateMark)
    /// The worker speaks another version of the protocol.
    case protocolVersion(found: Int, expected: Int)
}

extension CoordinationError: CustomStringConvertible {
    /// One sentence: what was expected, what was found, what to do.
    public var description: String {
        switch self {
        case .invalid(let what, let value):
            "The \(what) '\(value)' is not in its range; see docs/protocol.md."
        case .unknownPeer(let peer):
            "Peer \(peer) is not a member of this run; join again."
        case .notOwner(let peer):
            "Peer \(peer) belongs to another token; join under an id of your own."
        case .full(let members):
            "The run already has \(members) members, as many as it may have; try again later."
        case .finished:
            "The run is finished; nothing is left to do."
        case .foreignState(let mark, let current):
            "The state at \(mark) samples is not part of this run, which stands at \(current); load the agreed state."
        case .protocolVersion(let found, let expected):
            "The worker speaks protocol \(found) and the coordinator \(expected); install the same version on both sides."
        }
    }
}
