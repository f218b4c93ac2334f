extension RunState {
    /// Everything that must hold after every command and does not; empty if all is well.
    public var violations: [String] {
        var found: [String] = []
        func check(_ holds: Bool, _ sentence: @autoclosure () -> String) {
            if !holds { found.append(sentence()) }
        }
        check(mark.samples <= plan.length, "\(mark.samples) samples of \(plan.length) count")
        let counted = contributions.values.reduce(0, +)
        check(
            counted == mark.samples + discarded,
            "\(counted) samples were committed, \(mark.samples) count and \(discarded) were rolled back"
        )
        check(members.allSatisfy { $0.key == $0.value.id }, "a member stands under another's id")
        let ordinals = Set(members.values.map(\.ordinal))
        check(ordinals.count == members.count, "two members have the same place")
        check(members.count <= plan.maximumMembers, "\(members.count) members")
        check(checkpoints.count <= plan.checkpointsKept, "\(checkpoints.count) checkpoints")
        check(
            checkpoints.allSatisfy { (1...max(1, mark.samples)).contains($0.mark.samples) },
            "a checkpoint lies off the line of history"
        )
        let held = checkpoints.map(\.mark.samples)
        check(held == Set(held).sorted(), "checkpoints are out of order")
        check(upload.map { members[$0.peer] != nil } ?? true, "a checkpoint is expected of nobody")
        check(gathering?.donor.map { activePeers.contains($0) } ?? true, "the state is expected of nobody")
        check(gathering == nil || round == nil, "a round is open while members gather")
        if isFinished {
            check(mark.samples == plan.length && currentCheckpoint != nil, "finished without the last state")
            check(round == nil, "finished with an open round")
        } else if !activePeers.isEmpty, mark.samples < plan.length {
            check(round != nil || gathering != nil, "members are there and nothing happens")
        }
        if let round { found += violations(of: round) }
        return found
    }

    private func violations(of round: Round) -> [String] {
        var found: [String] = []
        var next = round.first
        var leases: Set<LeaseID> = []
        let active = Set(activePeers)
        for piece in round.pieces {
            if piece.first != next || piece.count == 0 { found.append("pieces do not tile the round at \(next)") }
            next = piece.first + piece.count
            switch piece.status {
            case .free: found.append("samples from \(piece.first) are leased to nobody")
            case .leased(let lease):
                if !active.contains(lease.peer) { found.append("\(lease.peer) has a lease and no state") }
                if !leases.insert(lease.id).inserted { found.append("lease \(lease.id) was given twice") }
                if lease.id.rawValue >= nextLease { found.append("lease \(lease.id) was never given") }
                if round.attempt != nil { found.append("an exchange began before lease \(lease.id) was done") }
            case .done(let completion):
                if !active.contains(completion.peer) { found.append("\(completion.peer) left a gradient behind") }
                if !leases.insert(completion.lease).inserted { found.append("lease \(completion.lease) is done twice") }
            }
        }
        if round.first != mark.samples || next != round.first + round.count {
            found.append("round \(round.id) covers \(round.first) to \(next)")
        }
        if round.count != min(plan.globalBatch, plan.length - mark.samples) { found.append("round of \(round.count)") }
        if round.id.rawValue >= nextRound { found.append("round \(round.id) was never begun") }
        if let attempt = round.attempt { found += violations(of: attempt, in: round, active: active) }
        return found
    }

    private func violations(of attempt: Attempt, in round: Round, active: Set<PeerID>) -> [String] {
        var found: [String] = []
        let group = attempt.members.map(\.peer)
        if Set(group).count != group.count { found.append("a member stands twice in a group") }
        if !group.allSatisfy({ active.contains($0) }) { found.append("a group contains somebody without the state") }
        let holders = Set(round.pieces.compactMap(\.peer))
        if !holders.isSubset(of: group) { found.append("a gradient is outside its group") }
        let withdrawn = round.pieces.reduce(UInt64(0)) { sum, piece in
            guard case .done(let completion) = piece.status, completion.withdrawn else { return sum }
            return sum + piece.count
        }
        let weight = attempt.members.reduce(UInt64(0)) { $0 + $1.weight }
        if weight + withdrawn != round.count {
            found.append("a group weighs \(weight) of \(round.count), \(withdrawn) withdrawn")
        }
        if !Set(attempt.outcomes.keys).isSubset(of: group) { found.append("an outsider reported") }
        if round.attempts < attempt.number { found.append("attempt \(attempt.number) was never begun") }
        return found
    }
}
