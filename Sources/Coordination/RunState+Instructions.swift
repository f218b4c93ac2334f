extension RunState {
    /// What a member does next.
    ///
    /// A function of the state and of what the member says it holds, so asking twice changes nothing. News about what the member
    /// holds has to be applied as a `claim` before.
    ///
    /// - Parameters:
    ///   - peer: Who asks.
    ///   - holds: The state it holds.
    ///   - now: When; deadlines are told as seconds from here.
    /// - Returns: The instruction; the key of an exchange is left empty for the server to fill in.
    /// - Throws: `unknownPeer` if it is not a member.
    public func instruction(
        for peer: PeerID,
        holding holds: StateMark?,
        at now: Timestamp
    ) throws(CoordinationError) -> Instruction {
        if isFinished { return .finished(FinishedInstruction(samples: mark.samples)) }
        guard let member = members[peer] else { throw .unknownPeer(peer) }
        guard member.holds == mark else { return loading(peer) }
        if let lastCommit, isAboutToCommit(peer, holding: holds) { return .commit(CommitInstruction(lastCommit, peer)) }
        guard let open = round else { return pausing(peer) }
        if let attempt = open.attempt { return exchanging(peer, open, attempt, at: now) }
        for piece in open.pieces {
            guard case .leased(let lease) = piece.status, lease.peer == peer else { continue }
            return .lease(
                LeaseInstruction(
                    id: lease.id,
                    round: open.id,
                    first: piece.first,
                    count: piece.count,
                    deadline: lease.deadline.secondsLeft(at: now),
                    credited: credited(to: peer)
                )
            )
        }
        return .wait(WaitInstruction(reason: "others are computing"))
    }

    /// For a member that does not hold the agreed state.
    private func loading(_ peer: PeerID) -> Instruction {
        if mark.samples == 0 { return .startFromSeed(SeedInstruction(generation: mark.generation)) }
        if round == nil, let held = currentCheckpoint {
            return .load(LoadInstruction(mark: mark, files: held.files))
        }
        return .wait(WaitInstruction(reason: "the state comes with the next round"))
    }

    /// For a member that holds the agreed state, between two rounds.
    private func pausing(_ peer: PeerID) -> Instruction {
        guard currentCheckpoint == nil else { return .wait(WaitInstruction(reason: "others are loading the state")) }
        let isLast = mark.samples == plan.length
        if isLast, upload?.mark == mark, upload?.peer == peer {
            return .snapshot(SnapshotInstruction(mark: mark, isFinal: true))
        }
        if !isLast, gathering?.donor == peer, upload?.mark != mark {
            return .snapshot(SnapshotInstruction(mark: mark, isFinal: false))
        }
        return .wait(WaitInstruction(reason: isLast ? "the last state is being saved" : "the state is being uploaded"))
    }

    private func exchanging(
        _ peer: PeerID,
        _ open: Round,
        _ attempt: Attempt,
        at now: Timestamp
    ) -> Instruction {
        guard attempt.members.contains(where: { $0.peer == peer }) else {
            return .wait(WaitInstruction(reason: "an exchange began without this member"))
        }
        guard attempt.outcomes[peer] == nil else {
            return .wait(WaitInstruction(reason: "others are exchanging"))
        }
        let group = attempt.members.compactMap { share in
            members[share.peer].map {
                ExchangeMember(id: share.peer, host: $0.host, port: $0.port, weight: Double(share.weight))
            }
        }
        return .exchange(
            ExchangeInstruction(
                round: open.id,
                attempt: attempt.number,
                members: group,
                key: "",
                deadline: attempt.deadline.secondsLeft(at: now),
                credited: credited(to: peer)
            )
        )
    }
}

extension CommitInstruction {
    init(_ commit: Commit, _ peer: PeerID) {
        self.init(
            round: commit.round,
            attempt: commit.attempt,
            mark: commit.after,
            count: commit.after.samples - commit.before.samples,
            loss: commit.loss,
            members: commit.members.count,
            isLeader: commit.members.first == peer,
            duties: commit.members.first == peer ? commit.duties : []
        )
    }
}
