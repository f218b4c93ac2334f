extension RunState {
    /// Attempts that may fail with everybody there before somebody is dropped.
    private static let patience = 2

    /// Announces a group once every piece is done.
    mutating func beginExchange(at now: Timestamp, _ events: inout [Event]) {
        guard let open = round, open.attempt == nil, open.pieces.allSatisfy(\.isDone) else { return }
        let group = activePeers.filter { !open.overdue.contains($0) }
        let shares = group.map { Attempt.Share(peer: $0, weight: weight(of: $0, in: open)) }
        guard !shares.isEmpty else { return }
        let timing = plan.timing
        let expected = exchangeTime.map { Int64(min($0 * Double(timing.deadlineFactor), 86_400_000)) }
        let duration = expected.map { max(timing.minimumExchange, $0) } ?? timing.firstExchange
        let number = open.attempts + 1
        round?.attempts = number
        round?.attempt = Attempt(number: number, members: shares, began: now, deadline: now + duration)
        events.append(.exchangeBegan(open.id, attempt: number, members: shares.count))
    }

    private func weight(of peer: PeerID, in open: Round) -> UInt64 {
        open.pieces.reduce(0) { sum, piece in
            guard case .done(let completion) = piece.status, completion.peer == peer, !completion.withdrawn else {
                return sum
            }
            return sum + piece.count
        }
    }

    /// Notes how an exchange ended for one member; reports of other attempts are old news.
    mutating func report(
        _ outcome: ExchangeOutcome,
        by peer: PeerID,
        round id: RoundID,
        attempt number: UInt32,
        at now: Timestamp
    ) throws(CoordinationError) {
        if case .failed(let blamed, let reason) = outcome {
            guard reason.utf8.count <= 512 else {
                throw .invalid(what: "length of a reason", value: "\(reason.utf8.count)")
            }
            guard blamed.count <= plan.maximumMembers else {
                throw .invalid(what: "number of blamed peers", value: "\(blamed.count)")
            }
        }
        guard let open = round, open.id == id, let attempt = open.attempt, attempt.number == number,
            attempt.members.contains(where: { $0.peer == peer }), attempt.outcomes[peer] == nil
        else { return }
        if case .failed = outcome, !attempt.outcomes.values.contains(where: \.isFailure) {
            round?.attempt?.deadline = min(attempt.deadline, now + plan.timing.settle)
        }
        round?.attempt?.outcomes[peer] = outcome
    }

    /// Ends an attempt if everybody has reported or the deadline has passed.
    mutating func settleAttempt(at now: Timestamp, _ events: inout [Event]) {
        guard let open = round, let attempt = open.attempt else { return }
        let silent = attempt.members.map(\.peer).filter { attempt.outcomes[$0] == nil }
        guard silent.isEmpty else {
            guard attempt.deadline <= now else { return }
            for peer in silent {
                remove(peer, reason: "it did not report exchange \(attempt.number) of round \(open.id)", &events)
            }
            round?.attempt = nil
            return
        }
        if let digest = attempt.unanimousDigest {
            commit(open, attempt, digest, at: now, &events)
            return
        }
        events.append(.exchangeFailed(open.id, attempt: attempt.number, reason: attempt.failureReason))
        round?.attempt = nil
        round?.failures += 1
        if open.failures + 1 >= Self.patience, let peer = attempt.mostSuspect {
            round?.failures = 0
            remove(peer, reason: "exchanges with it fail", &events)
        }
    }

    private mutating func commit(
        _ open: Round,
        _ attempt: Attempt,
        _ digest: ContentDigest,
        at now: Timestamp,
        _ events: inout [Event]
    ) {
        let before = mark
        mark.samples += open.count
        round = nil
        let took = Double(max(0, now - attempt.began))
        exchangeTime = exchangeTime.map { 0.8 * $0 + 0.2 * took } ?? took
        for share in attempt.members { members[share.peer]?.holds = mark }
        for piece in open.pieces {
            guard let peer = piece.peer, let owner = members[peer]?.owner else { continue }
            members[peer]?.contributed += piece.count
            contributions[owner, default: 0] += piece.count
        }
        let group = attempt.members.map(\.peer)
        let commit = Commit(
            round: open.id,
            attempt: attempt.number,
            before: before,
            after: mark,
            members: group,
            weights: attempt.members.map(\.weight),
            digest: digest,
            loss: open.meanLoss,
            duties: duties(from: before.samples, leader: group[0], at: now)
        )
        lastCommit = commit
        events.append(.committed(commit))
    }

    /// What the leader does besides after a commit.
    private mutating func duties(from samples: UInt64, leader: PeerID, at now: Timestamp) -> [Duty] {
        var duties: [Duty] = []
        let isLast = mark.samples == plan.length
        if crosses(plan.checkpointEvery, from: samples) { checkpointDue = true }
        if checkpointDue, upload == nil, !isLast {
            upload = Upload(mark: mark, peer: leader, deadline: now + plan.timing.uploadGrace)
            checkpointDue = false
            duties.append(.checkpoint)
        }
        if plan.evaluationEvery > 0, isLast || crosses(plan.evaluationEvery, from: samples) { duties.append(.samples) }
        return duties
    }

    private func crosses(_ every: UInt64, from samples: UInt64) -> Bool {
        every > 0 && mark.samples / every > samples / every
    }
}

extension RunState {
    /// The newest attempt that is over; all before it are too.
    public var newestEndedAttempt: AttemptMark {
        guard let round else { return AttemptMark(round: RoundID(rawValue: nextRound - 1), attempt: .max) }
        return AttemptMark(round: round.id, attempt: round.attempt.map { $0.number - 1 } ?? round.attempts)
    }

    /// Whether an attempt is over and its round was not counted by it, as far as the last commit tells.
    public func isVoid(_ attempt: AttemptMark) -> Bool {
        guard let lastCommit, lastCommit.round == attempt.round else { return attempt <= newestEndedAttempt }
        return attempt.attempt != lastCommit.attempt
    }

    /// The attempt of which a member has not told the outcome.
    public func openAttempt(of peer: PeerID) -> AttemptMark? {
        guard let round, let attempt = round.attempt, attempt.outcomes[peer] == nil,
            attempt.members.contains(where: { $0.peer == peer })
        else { return nil }
        return AttemptMark(round: round.id, attempt: attempt.number)
    }
}

extension ExchangeOutcome {
    var isFailure: Bool {
        if case .failed = self { true } else { false }
    }
}

extension Piece {
    var isDone: Bool {
        if case .done = status { true } else { false }
    }
}

extension Round {
    /// Mean loss over the pieces that have one; nil if none has.
    var meanLoss: Double? {
        var sum = 0.0
        var count: UInt64 = 0
        for piece in pieces {
            guard case .done(let completion) = piece.status, let loss = completion.loss else { continue }
            sum += loss * Double(piece.count)
            count += piece.count
        }
        let mean = sum / Double(max(1, count))
        return count > 0 && mean.isFinite ? mean : nil
    }
}

extension Attempt {
    /// The digest that every member reported.
    var unanimousDigest: ContentDigest? {
        var digests: Set<ContentDigest> = []
        for share in members {
            guard case .agreed(let digest) = outcomes[share.peer] else { return nil }
            digests.insert(digest)
        }
        return digests.count == 1 ? digests.first : nil
    }

    /// The first failure in rank order, or that the digests differ.
    var failureReason: String {
        for share in members {
            if case .failed(let blamed, let reason) = outcomes[share.peer] {
                let about = blamed.isEmpty ? "" : " about \(blamed.map(\.rawValue).joined(separator: ", "))"
                return "\(share.peer)\(about): \(reason)"
            }
        }
        return "the members hold different means"
    }

    /// Whom most others blame, or who is in the minority about the digest; the latest to join among equals.
    var mostSuspect: PeerID? {
        var votes: [PeerID: Int] = [:]
        var holders: [ContentDigest: Int] = [:]
        for share in members {
            switch outcomes[share.peer] {
            case .failed(let blamed, _):
                let named = Set(blamed).filter { peer in members.contains { $0.peer == peer } }
                for peer in named.isEmpty ? [share.peer] : named { votes[peer, default: 0] += 1 }
            case .agreed(let digest): holders[digest, default: 0] += 1
            case nil: votes[share.peer, default: 0] += 1
            }
        }
        let largest = holders.values.max() ?? 0
        for share in members {
            guard case .agreed(let digest) = outcomes[share.peer] else { continue }
            if holders[digest, default: 0] < largest { votes[share.peer, default: 0] += 1 }
        }
        if votes.isEmpty { return members.last?.peer }
        var suspect = members.first?.peer
        for share in members {
            let best = suspect.map { votes[$0, default: 0] } ?? 0
            if votes[share.peer, default: 0] >= best { suspect = share.peer }
        }
        return suspect
    }
}
