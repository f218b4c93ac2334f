extension RunState {
    mutating func join(_ facts: JoinFacts, at now: Timestamp, _ events: inout [Event]) throws(CoordinationError) {
        try facts.validate()
        guard !isFinished else { throw .finished }
        if let known = members[facts.peer] {
            guard known.owner == facts.owner else { throw .notOwner(facts.peer) }
            members[facts.peer]?.host = facts.host
            members[facts.peer]?.port = facts.port
            members[facts.peer]?.ranks = facts.ranks
            reconcile(facts.peer, holds: facts.holds, at: now, &events)
            return
        }
        guard members.count < plan.maximumMembers else { throw .full(members: members.count) }
        members[facts.peer] = Member(
            id: facts.peer,
            owner: facts.owner,
            name: facts.name,
            host: facts.host,
            port: facts.port,
            ranks: facts.ranks,
            ordinal: nextOrdinal,
            joined: now,
            holds: facts.holds,
            waitedForFrom: now
        )
        nextOrdinal += 1
        events.append(.joined(facts.peer, name: facts.name))
        if facts.holds == mark { events.append(.activated(facts.peer, mark)) }
    }

    /// True if what a member says it holds is news, so that a `claim` has to be journalled.
    public func isNews(_ holds: StateMark?, from peer: PeerID) -> Bool {
        guard let member = members[peer] else { return false }
        if round?.overdue.contains(peer) == true { return true }
        return member.holds != holds && !isAboutToCommit(peer, holding: holds)
    }

    /// True if the member has the mean of the last commit and has not applied it yet.
    func isAboutToCommit(_ peer: PeerID, holding holds: StateMark?) -> Bool {
        guard let lastCommit, members[peer]?.holds == mark else { return false }
        return lastCommit.after == mark && lastCommit.before == holds && lastCommit.members.contains(peer)
    }

    /// Takes notice of the state a member holds.
    mutating func reconcile(_ peer: PeerID, holds: StateMark?, at now: Timestamp, _ events: inout [Event]) {
        round?.overdue.removeAll { $0 == peer }
        guard let member = members[peer], member.holds != holds, !isAboutToCommit(peer, holding: holds) else { return }
        if member.holds == mark { giveBack(from: peer, reason: "it does not hold the agreed state", &events) }
        members[peer]?.holds = holds
        if holds == mark {
            members[peer]?.lateLoads = 0
            events.append(.activated(peer, mark))
        }
    }

    /// Ends a membership; everything the member was trusted with goes to others.
    mutating func remove(_ peer: PeerID, reason: String, _ events: inout [Event]) {
        giveBack(from: peer, reason: reason, &events)
        members[peer] = nil
        events.append(.removed(peer, reason: reason))
    }

    /// Frees the pieces of a member and ends what depended on it.
    mutating func giveBack(from peer: PeerID, reason: String, _ events: inout [Event]) {
        freePieces(of: peer, reason: reason, &events)
        round?.overdue.removeAll { $0 == peer }
        if round?.attempt?.members.contains(where: { $0.peer == peer }) == true { round?.attempt = nil }
        if gathering?.donor == peer { gathering?.donor = nil }
        if upload?.peer == peer {
            upload = nil
            checkpointDue = true
        }
    }

    /// Goes back to the newest held checkpoint if somebody needs a state that nobody holds.
    mutating func rollBackIfNeeded(_ events: inout [Event]) {
        guard !members.isEmpty, mark.samples > 0, currentCheckpoint == nil else { return }
        let before = mark
        mark = StateMark(generation: before.generation + 1, samples: checkpoints.last?.mark.samples ?? 0)
        discarded += before.samples - mark.samples
        lastCommit = nil
        upload = nil
        checkpointDue = false
        events.append(.rolledBack(from: before, to: mark))
    }

    /// After a restart every deadline gets its grace: nobody could report while the coordinator was away.
    mutating func extendDeadlines(at now: Timestamp) {
        let grace = plan.timing.restartGrace
        if var open = round {
            for index in open.pieces.indices {
                guard case .leased(var lease) = open.pieces[index].status else { continue }
                lease.deadline = now + max(grace, lease.deadline - lease.issued)
                open.pieces[index].status = .leased(lease)
            }
            if let attempt = open.attempt {
                open.attempt?.deadline = now + max(grace, attempt.deadline - attempt.began)
            }
            round = open
        }
        gathering?.until = now + max(grace, plan.timing.joinGrace)
        upload?.deadline = now + max(grace, plan.timing.uploadGrace)
        for peer in members.keys { members[peer]?.waitedForFrom = now }
    }
}
