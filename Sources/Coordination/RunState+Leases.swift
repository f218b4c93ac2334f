extension RunState {
    mutating func beginRound(at now: Timestamp, _ events: inout [Event]) {
        let count = min(plan.globalBatch, plan.length - mark.samples)
        let id = RoundID(rawValue: nextRound)
        nextRound += 1
        round = Round(
            id: id,
            first: mark.samples,
            count: count,
            pieces: [Piece(first: mark.samples, count: count, status: .free)]
        )
        events.append(.roundBegan(id, first: mark.samples, count: count, members: activePeers.count))
    }

    /// Leases every free piece to members that have time.
    mutating func leaseFreePieces(at now: Timestamp, _ events: inout [Event]) {
        guard let open = round, open.attempt == nil, open.pieces.contains(where: { $0.status == .free }) else { return }
        let active = activePeers
        let ready = active.filter { !open.overdue.contains($0) }
        let candidates = ready.isEmpty ? active : ready
        let busy = Set(open.pieces.compactMap(\.leasedTo))
        let idle = candidates.filter { !busy.contains($0) }
        let takers = idle.isEmpty ? candidates : idle
        var pieces: [Piece] = []
        for piece in open.pieces {
            guard piece.status == .free else {
                pieces.append(piece)
                continue
            }
            var first = piece.first
            for share in split(piece.count, among: takers) {
                let lease = makeLease(for: share.peer, count: share.count, at: now)
                pieces.append(Piece(first: first, count: share.count, status: .leased(lease)))
                events.append(.leased(lease.id, share.peer, first: first, count: share.count))
                first += share.count
            }
        }
        round?.pieces = pieces
    }

    /// Cuts samples into shares: in proportion to ranks among members whose ranks are about equally fast or if the plan says so, else to speed.
    func split(_ count: UInt64, among peers: [PeerID]) -> [(peer: PeerID, count: UInt64)] {
        let ranks = peers.reduce(UInt64(0)) { $0 + UInt64(members[$1]?.ranks ?? 1) }
        let fits = count.isMultiple(of: plan.granularity) && count / plan.granularity >= ranks
        let quantum = fits ? plan.granularity : 1
        let quanta = count / quantum
        let weights = splitWeights(of: peers)
        let total = weights.reduce(0, +)
        var shares: [(peer: PeerID, count: UInt64)] = []
        var given: UInt64 = 0
        var passed = 0.0
        for (peer, weight) in zip(peers, weights) {
            passed += weight
            let upTo = peer == peers.last ? quanta : min(quanta, UInt64((Double(quanta) * passed / total).rounded()))
            if upTo > given {
                shares.append((peer, (upTo - given) * quantum))
                given = upTo
            }
        }
        return shares
    }

    /// Speeds, or numbers of ranks if a speed is not known or the fastest rank is less than half again as fast as the slowest.
    private func splitWeights(of peers: [PeerID]) -> [Double] {
        let ranks = peers.map { Double(members[$0]?.ranks ?? 1) }
        guard plan.sharesByRanks != true else { return ranks }
        let speeds = zip(peers, ranks).compactMap { peer, ranks in members[peer]?.speed.map { $0 / ranks } }
        guard speeds.count == peers.count, let slowest = speeds.min(), let fastest = speeds.max(),
            slowest > 0, fastest > 1.5 * slowest
        else { return ranks }
        return zip(speeds, ranks).map { max($0, fastest / 64) * $1 }
    }

    private mutating func makeLease(for peer: PeerID, count: UInt64, at now: Timestamp) -> Lease {
        let timing = plan.timing
        var duration = timing.firstLease
        if let speed = members[peer]?.speed, speed > 0 {
            let expected = min(Double(count) / speed * 1000 * Double(timing.deadlineFactor), 86_400_000)
            duration = max(timing.minimumLease, Int64(expected))
        }
        defer { nextLease += 1 }
        return Lease(id: LeaseID(rawValue: nextLease), peer: peer, issued: now, deadline: now + duration)
    }

    /// Notes a kept promise; a lease that was taken back meanwhile is only a sign that the member is free again.
    mutating func complete(_ id: LeaseID, by peer: PeerID, loss: Double?, withdrawn: Bool, at now: Timestamp) {
        round?.overdue.removeAll { $0 == peer }
        guard let open = round, let index = open.pieces.firstIndex(where: { $0.isLeased(id, to: peer) }),
            case .leased(let lease) = open.pieces[index].status
        else { return }
        let finite = loss.flatMap { $0.isFinite ? $0 : nil }
        round?.pieces[index].status = .done(Completion(lease: id, peer: peer, loss: finite, withdrawn: withdrawn))
        learnSpeed(of: peer, samples: open.pieces[index].count, milliseconds: now - lease.issued)
    }

    /// Numbers of the leases of a member that count in the open round; its gradient must consist of exactly these.
    public func credited(to peer: PeerID) -> [LeaseID] {
        guard let round else { return [] }
        return round.pieces.compactMap { piece in
            guard case .done(let completion) = piece.status, completion.peer == peer else { return nil }
            return completion.lease
        }
    }

    private mutating func learnSpeed(of peer: PeerID, samples: UInt64, milliseconds: Int64) {
        let measured = Double(samples) * 1000 / Double(max(1, milliseconds))
        let known = members[peer]?.speed
        members[peer]?.speed = known.map { 0.7 * $0 + 0.3 * measured } ?? measured
    }

    /// Takes leases back whose deadline has passed, if somebody else has time; otherwise gives them twice as long.
    mutating func expireLeases(at now: Timestamp, _ events: inout [Event]) {
        guard let open = round else { return }
        var late: [PeerID] = []
        for index in open.pieces.indices {
            guard case .leased(var lease) = open.pieces[index].status, lease.deadline <= now else { continue }
            let others = activePeers.filter { $0 != lease.peer && !open.overdue.contains($0) && !late.contains($0) }
            guard others.isEmpty else {
                learnSpeed(of: lease.peer, samples: open.pieces[index].count, milliseconds: now - lease.issued)
                if !late.contains(lease.peer) { late.append(lease.peer) }
                continue
            }
            lease.deadline = now + min(2 * max(1, lease.deadline - lease.issued), 86_400_000)
            round?.pieces[index].status = .leased(lease)
        }
        for peer in late {
            freePieces(of: peer, reason: "its deadline passed", &events)
            round?.overdue.append(peer)
        }
    }

    /// Frees all pieces of a member, finished ones too: a gradient counts as a whole or not at all.
    mutating func freePieces(of peer: PeerID, reason: String, _ events: inout [Event]) {
        guard let open = round else { return }
        var freed: UInt64 = 0
        var pieces: [Piece] = []
        for var piece in open.pieces {
            if piece.peer == peer {
                freed += piece.count
                piece.status = .free
            }
            if let last = pieces.last, last.status == .free, piece.status == .free {
                pieces[pieces.count - 1].count += piece.count
            } else {
                pieces.append(piece)
            }
        }
        guard freed > 0 else { return }
        round?.pieces = pieces
        round?.attempt = nil
        events.append(.returned(peer, count: freed, reason: reason))
    }
}

extension Piece {
    /// The member that is computing it.
    var leasedTo: PeerID? {
        if case .leased(let lease) = status { lease.peer } else { nil }
    }

    func isLeased(_ id: LeaseID, to peer: PeerID) -> Bool {
        if case .leased(let lease) = status { lease.id == id && lease.peer == peer } else { false }
    }
}
