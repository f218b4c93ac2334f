import NIOCore

extension MeanRound {
    /// When the round must hear `tick` at the latest, counted from its start; nil once it is over.
    public var nextDeadline: Duration? {
        guard phase == .running else { return nil }
        var next = deadline
        if peers.indices.contains(where: { owesContribution($0) }) { next = min(next, contributionDeadline) }
        for peer in peers.indices where peer != rank {
            next = min(next, peers[peer].lastSent + limits.silence / 4)
            if owesSomething(peer) { next = min(next, peers[peer].lastHeard + limits.silence) }
        }
        return next
    }

    // The last tenth is left for the report to arrive in time.
    private var deadline: Duration { .seconds(group.deadline * 0.9) }

    // A reducer that lacks one member's values can send no mean to anybody. Naming that member before the means are due lets all others
    // hear whose fault it was.
    private var contributionDeadline: Duration { .seconds(group.deadline * 0.75) }

    mutating func checkDeadlines(at elapsed: Duration, _ actions: inout [MeanRoundAction]) {
        let silent = peers.indices.filter {
            $0 != rank && owesSomething($0) && elapsed >= peers[$0].lastHeard + limits.silence
        }
        guard silent.isEmpty else { return fail(silent, "was silent for \(limits.silence)", &actions) }
        let late = peers.indices.filter { owesContribution($0) }
        if !late.isEmpty, elapsed >= contributionDeadline {
            return fail(late, "did not send all its values in \(contributionDeadline)", &actions)
        }
        guard elapsed < deadline else {
            return fail(peers.indices.filter { owesMean($0) }, "did not send its means in \(deadline)", &actions)
        }
        for peer in peers.indices where peer != rank && elapsed >= peers[peer].lastSent + limits.silence / 4 {
            send(emptyFrame(.ping), to: peer, at: elapsed, &actions)
        }
    }

    private func owesSomething(_ peer: Int) -> Bool { owesContribution(peer) || owesMean(peer) }

    private func owesContribution(_ peer: Int) -> Bool {
        peer != rank && group.members[peer].weight > 0 && peers[peer].contributionsHeard < plan.partCount(of: rank)
    }

    private func owesMean(_ peer: Int) -> Bool {
        peer != rank && !peers[peer].means.isComplete
    }

    mutating func finishIfDone(_ actions: inout [MeanRoundAction]) {
        guard phase == .running, parts.reduced.isComplete else { return }
        guard peers.indices.allSatisfy({ !owesSomething($0) }) else { return }
        finish(&actions)
    }

    mutating func finish(_ actions: inout [MeanRoundAction]) {
        phase = .finished
        actions.append(.finish)
    }

    /// Gives the attempt up and tells all others whose fault it was.
    mutating func fail(_ ranks: [Int], _ clause: String, _ actions: inout [MeanRoundAction]) {
        guard phase == .running else { return }
        phase = .failed
        var abort = emptyFrame(.abort)
        for rank in ranks { abort.payload.writeInteger(UInt16(rank), endianness: .little) }
        for peer in peers.indices where peer != rank { actions.append(.send(abort, to: peer)) }
        let names = ranks.map { "'\(group.members[$0].id)'" }.joined(separator: ", ")
        actions.append(.fail(RoundFailure(ranks: ranks, reason: "\(names) \(clause)")))
    }

    mutating func send(_ frame: Frame, to peer: Int, at elapsed: Duration, _ actions: inout [MeanRoundAction]) {
        peers[peer].lastSent = elapsed
        actions.append(.send(frame, to: peer))
    }
}
