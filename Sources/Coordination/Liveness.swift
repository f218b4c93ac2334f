/// When each member was last heard.
///
/// Kept beside `RunState`, not in it: a heartbeat a second of every worker is not worth a line in the journal. What is journalled is
/// the decision that comes of it, `lose`.
public struct Liveness: Sendable {
    private var heard: [PeerID: Timestamp] = [:]
    /// Milliseconds without a sign after which a member is lost.
    public let lostAfter: Int64

    /// Nobody was heard yet.
    public init(lostAfter: Int64) { self.lostAfter = lostAfter }

    /// Notes a sign of life; a moment before one that is known changes nothing.
    public mutating func note(_ peer: PeerID, at now: Timestamp) {
        heard[peer] = max(heard[peer] ?? now, now)
    }

    /// Forgets a member.
    public mutating func forget(_ peer: PeerID) { heard[peer] = nil }

    /// Milliseconds since a member was heard; 0 for one that is given grace.
    public func silence(of peer: PeerID, at now: Timestamp) -> Int64 {
        heard[peer].map { max(0, now - $0) } ?? 0
    }

    /// Members that are lost at this moment, in order of their ids.
    public func lost(at now: Timestamp) -> [PeerID] {
        heard.filter { now - $0.value >= lostAfter }.map(\.key).sorted()
    }
}
