/// A run as the coordinator sees it: who takes part, what is leased, what counts.
///
/// A pure state machine: `apply` takes a command and the time and says what was decided. It reads no clock, draws no random
/// number and never looks at the order of a hash, so replaying a journal gives the same state.
public struct RunState: Codable, Equatable, Sendable {
    /// What the run is.
    public let plan: RunPlan
    /// The agreed state: everything before it counts, nothing after it does.
    public internal(set) var mark = StateMark(generation: 0, samples: 0)
    /// Who takes part or wants to.
    public internal(set) var members: [PeerID: Member] = [:]
    /// The batch that is being computed.
    public internal(set) var round: Round?
    /// The pause between two rounds in which somebody loads the state.
    public internal(set) var gathering: Gathering?
    /// A checkpoint that somebody was asked to upload.
    public internal(set) var upload: Upload?
    /// The newest round that counts.
    public internal(set) var lastCommit: Commit?
    /// What the coordinator holds, oldest first; all on the line of history that leads to `mark`.
    public internal(set) var checkpoints: [Checkpoint] = []
    /// Samples committed by token, those rolled back included.
    public internal(set) var contributions: [String: UInt64] = [:]
    /// Samples that counted once and were rolled back.
    public internal(set) var discarded: UInt64 = 0
    /// True: every sample counts and the last state is held.
    public internal(set) var isFinished = false
    /// Milliseconds of an exchange, a running mean.
    public internal(set) var exchangeTime: Double?
    /// True: the cadence asks for a checkpoint that nobody is uploading.
    var checkpointDue = false
    var nextLease: UInt64 = 1
    var nextRound: UInt64 = 1
    var nextOrdinal: UInt64 = 1

    /// The state in which nobody has joined and nothing counts.
    public init(plan: RunPlan) throws(CoordinationError) {
        try plan.validate()
        self.plan = plan
    }

    /// Lets a command happen, all or nothing.
    ///
    /// - Parameters:
    ///   - command: What happens.
    ///   - now: When.
    /// - Returns: What was decided.
    /// - Throws: Why the command is refused; the state is then unchanged.
    public mutating func apply(_ command: Command, at now: Timestamp) throws(CoordinationError) -> [Event] {
        var next = self
        var events: [Event] = []
        try next.handle(command, at: now, &events)
        next.advance(at: now, &events)
        self = next
        return events
    }

    private mutating func handle(
        _ command: Command,
        at now: Timestamp,
        _ events: inout [Event]
    ) throws(CoordinationError) {
        switch command {
        case .join(let facts):
            try join(facts, at: now, &events)
        case .claim(let peer, let holds):
            guard members[peer] != nil else { throw .unknownPeer(peer) }
            reconcile(peer, holds: holds, at: now, &events)
        case .leave(let peer):
            guard members[peer] != nil else { throw .unknownPeer(peer) }
            remove(peer, reason: "it left", &events)
        case .lose(let peer, let reason):
            guard members[peer] != nil else { throw .unknownPeer(peer) }
            remove(peer, reason: reason, &events)
        case .complete(let peer, let lease, let loss, let withdrawn):
            guard members[peer] != nil else { throw .unknownPeer(peer) }
            complete(lease, by: peer, loss: loss, withdrawn: withdrawn, at: now)
        case .report(let peer, let round, let attempt, let outcome):
            guard members[peer] != nil else { throw .unknownPeer(peer) }
            try report(outcome, by: peer, round: round, attempt: attempt, at: now)
        case .hold(let checkpoint):
            try hold(checkpoint, &events)
        case .tick:
            expireLeases(at: now, &events)
        case .restart:
            extendDeadlines(at: now)
            events.append(.restarted)
        }
    }

    /// Pushes the run on as far as it goes without a further command.
    private mutating func advance(at now: Timestamp, _ events: inout [Event]) {
        guard !isFinished else { return }
        settleAttempt(at: now, &events)
        expireUpload(at: now)
        if activePeers.isEmpty {
            round = nil
            gathering = nil
            rollBackIfNeeded(&events)
            return
        }
        if round == nil, mark.samples == plan.length {
            close(at: now, &events)
            return
        }
        if round == nil {
            guard !gather(at: now, &events) else { return }
            beginRound(at: now, &events)
        }
        leaseFreePieces(at: now, &events)
        beginExchange(at: now, &events)
    }
}

extension RunState {
    /// Members that hold the agreed state, in order of joining: they compute and exchange.
    public var activePeers: [PeerID] {
        members.values.filter { $0.holds == mark }.sorted { $0.ordinal < $1.ordinal }.map(\.id)
    }

    /// Members that wait for the agreed state, in order of joining.
    public var joiningPeers: [PeerID] {
        members.values.filter { $0.holds != mark }.sorted { $0.ordinal < $1.ordinal }.map(\.id)
    }

    /// The held checkpoint of the agreed state.
    public var currentCheckpoint: Checkpoint? {
        guard let newest = checkpoints.last, newest.mark.samples == mark.samples else { return nil }
        return newest
    }

    /// The moment at which a `tick` would change something; nil: only a command from outside does.
    public var nextDeadline: Timestamp? {
        var moments: [Timestamp] = []
        if let round {
            for piece in round.pieces {
                if case .leased(let lease) = piece.status { moments.append(lease.deadline) }
            }
            if let attempt = round.attempt { moments.append(attempt.deadline) }
        }
        if let gathering { moments.append(gathering.until) }
        if let upload { moments.append(upload.deadline) }
        return moments.min()
    }
}
