/// A pause between two rounds in which somebody loads the agreed state.
public struct Gathering: Codable, Equatable, Sendable {
    /// The member that was asked for the state; nil: the coordinator holds it.
    public internal(set) var donor: PeerID?
    /// When the next round begins in any case.
    public internal(set) var until: Timestamp
}

/// A checkpoint that a member was asked to upload.
public struct Upload: Codable, Equatable, Sendable {
    /// The state.
    public let mark: StateMark
    /// The member.
    public let peer: PeerID
    /// When somebody else is asked.
    public internal(set) var deadline: Timestamp
}

extension RunState {
    /// Whether the next round has to wait for members that load the state.
    mutating func gather(at now: Timestamp, _ events: inout [Event]) -> Bool {
        let waiting = joiningPeers.filter { peer in members[peer].map { $0.waitedForFrom <= now } ?? false }
        guard !waiting.isEmpty, mark.samples > 0 else {
            gathering = nil
            return false
        }
        if gathering == nil { gathering = Gathering(donor: nil, until: now + plan.timing.joinGrace) }
        guard let open = gathering, open.until > now else {
            gathering = nil
            for peer in waiting { postpone(peer, at: now) }
            return false
        }
        if currentCheckpoint == nil, open.donor == nil { askDonor(of: waiting, &events) }
        return true
    }

    private mutating func askDonor(of waiting: [PeerID], _ events: inout [Event]) {
        let active = activePeers
        let tries = waiting.compactMap { members[$0]?.lateLoads }.max() ?? 0
        let donor = upload?.mark == mark ? upload?.peer : active[tries % active.count]
        gathering?.donor = donor
        events.append(.gathering(donor: donor, joiners: waiting.count))
        if let donor, upload?.mark != mark { events.append(.stateRequested(donor, mark)) }
    }

    /// A member that did not load in time is waited for again after a pause that doubles.
    private mutating func postpone(_ peer: PeerID, at now: Timestamp) {
        guard let late = members[peer]?.lateLoads else { return }
        members[peer]?.lateLoads = late + 1
        members[peer]?.waitedForFrom = now + (plan.timing.joinGrace << Int64(min(late, 6)))
    }

    /// Every sample counts: asks one member after the other for the last state until it is held.
    mutating func close(at now: Timestamp, _ events: inout [Event]) {
        if currentCheckpoint != nil {
            isFinished = true
            gathering = nil
            upload = nil
            events.append(.finished(mark))
            return
        }
        let active = activePeers
        if let open = upload, open.mark == mark, open.deadline > now, active.contains(open.peer) { return }
        let last = upload?.mark == mark ? upload.flatMap { active.firstIndex(of: $0.peer) } : nil
        let peer = active[last.map { ($0 + 1) % active.count } ?? 0]
        upload = Upload(mark: mark, peer: peer, deadline: now + plan.timing.uploadGrace)
        events.append(.stateRequested(peer, mark))
    }

    /// An upload that takes too long is asked for again after the next round; the last state is `close`'s business.
    mutating func expireUpload(at now: Timestamp) {
        guard let open = upload, open.deadline <= now else { return }
        if open.mark == mark, mark.samples == plan.length, !activePeers.isEmpty { return }
        upload = nil
        checkpointDue = true
    }

    /// Notes a checkpoint that lies complete on disk and says which ones to drop.
    mutating func hold(_ checkpoint: Checkpoint, _ events: inout [Event]) throws(CoordinationError) {
        try checkpoint.validate()
        let known = checkpoints.contains { $0.mark.samples == checkpoint.mark.samples }
        guard !known else { return }
        let isOnLine = checkpoint.mark.generation == mark.generation && checkpoint.mark.samples <= mark.samples
        guard isOnLine, checkpoint.mark.samples > 0 else { throw .foreignState(checkpoint.mark, current: mark) }
        checkpoints.append(checkpoint)
        checkpoints.sort { $0.mark.samples < $1.mark.samples }
        if upload?.mark == checkpoint.mark { upload = nil }
        events.append(.checkpointHeld(checkpoint.mark))
        while checkpoints.count > plan.checkpointsKept {
            events.append(.checkpointDropped(checkpoints.removeFirst()))
        }
    }
}
