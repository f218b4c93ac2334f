/// When each member was last heard, and for how long it may be silent.
///
/// Kept beside `RunState`, not in it: two heartbeats a second of every worker are not worth a line in the journal. What is journalled is
/// the decision that comes of it, `lose`.
///
/// A member that was heard regularly is missed soon, one with long gaps between its signs later: three times the longest of its recent
/// gaps, but not less than three tenths of `lostAfter` and not more than all of it. One whose connection has ended is missed
/// after a tenth, unless it speaks again.
public struct Liveness: Sendable {
    private struct Signs {
        var last: Timestamp
        /// The longest gap, of which older ones count less; nil before the second sign.
        var gap: Double?
        var doubted: Timestamp?
    }

    private var signs: [PeerID: Signs] = [:]
    /// Milliseconds without a sign after which every member is lost.
    public let lostAfter: Int64

    /// Nobody was heard yet.
    public init(lostAfter: Int64) { self.lostAfter = lostAfter }

    /// Notes a sign of life; a moment before one that is known changes nothing.
    public mutating func note(_ peer: PeerID, at now: Timestamp) {
        guard var known = signs[peer] else {
            signs[peer] = Signs(last: now)
            return
        }
        known.doubted = nil
        let gap = now - known.last
        if gap > 0 {
            // Work and answers are signs too, between the heartbeats; only the longest gaps tell how long silence may be.
            known.gap = max(Double(gap), 0.98 * (known.gap ?? 0))
            known.last = now
        }
        signs[peer] = known
    }

    /// Notes that a connection of a member has ended though it did not take leave.
    public mutating func doubt(_ peer: PeerID, at now: Timestamp) {
        if signs[peer]?.doubted == nil { signs[peer]?.doubted = now }
    }

    /// Forgets a member.
    public mutating func forget(_ peer: PeerID) { signs[peer] = nil }

    /// Milliseconds since a member was heard; 0 for one that is given grace.
    public func silence(of peer: PeerID, at now: Timestamp) -> Int64 {
        signs[peer].map { max(0, now - $0.last) } ?? 0
    }

    /// Members that are lost at this moment, in order of their ids.
    public func lost(at now: Timestamp) -> [PeerID] {
        signs.filter { isLost($0.value, at: now) }.map(\.key).sorted()
    }

    private func isLost(_ known: Signs, at now: Timestamp) -> Bool {
        if let doubted = known.doubted, now - doubted >= lostAfter / 10 { return true }
        let allowed = known.gap.map { min(lostAfter, max(lostAfter * 3 / 10, Int64(3 * $0))) } ?? lostAfter
        return now - known.last >= allowed
    }
}
