/// What the coordinator tells a worker to do next.
///
/// In JSON an object with `kind` and, under the name of the kind, its facts: `{"kind": "lease", "lease": {"id": 7, ...}}`.
public enum Instruction: Equatable, Sendable {
    /// Compute the gradient of some samples and complete the lease.
    case lease(LeaseInstruction)
    /// Form the mean with a group and report how it ended.
    case exchange(ExchangeInstruction)
    /// The mean of this round counts: apply it.
    case commit(CommitInstruction)
    /// Upload the state that is held, as a checkpoint; others wait for it.
    case snapshot(SnapshotInstruction)
    /// Load that state from the coordinator.
    case load(LoadInstruction)
    /// Make the first state from the run's seed.
    case startFromSeed(SeedInstruction)
    /// Nothing to do now; ask again.
    case wait(WaitInstruction)
    /// The run is over.
    case finished(FinishedInstruction)
}

/// Samples to compute.
public struct LeaseInstruction: Codable, Equatable, Sendable {
    /// Number of the lease.
    public var id: LeaseID
    /// Number of the round.
    public var round: RoundID
    /// First sample.
    public var first: UInt64
    /// Samples; at least 1.
    public var count: UInt64
    /// Seconds until the lease is taken back.
    public var deadline: Double
    /// Leases of this round that the local sum has to consist of; a sum of others has to be dropped first.
    public var credited: [LeaseID]
}

/// A mean to form.
public struct ExchangeInstruction: Codable, Equatable, Sendable {
    /// Number of the round.
    public var round: RoundID
    /// Number of the attempt, from 1; local values are the same in every attempt.
    public var attempt: UInt32
    /// The group in rank order.
    ///
    /// If all weights are 0 nothing is exchanged and the digest is that of no bytes.
    public var members: [ExchangeMember]
    /// Shared secret of the attempt: 64 hexadecimal digits.
    public var key: String
    /// Seconds until members that have not reported are dropped.
    public var deadline: Double
    /// Leases that the local sum consists of; if it does not, the member takes part with what these give.
    public var credited: [LeaseID]
}

/// One member of a group.
public struct ExchangeMember: Codable, Equatable, Sendable {
    /// The member.
    public var id: PeerID
    /// Host of its frame listener.
    public var host: String
    /// Port of its frame listener; 0: it only dials others.
    public var port: Int
    /// Samples it brings; 0: it only receives.
    public var weight: Double
}

/// A mean to apply.
public struct CommitInstruction: Codable, Equatable, Sendable {
    /// Number of the round.
    public var round: RoundID
    /// The attempt whose mean counts.
    public var attempt: UInt32
    /// The state after it is applied.
    public var mark: StateMark
    /// Samples of the round.
    public var count: UInt64
    /// Mean loss over the whole batch, if it was finite.
    public var loss: Double?
    /// Size of the group.
    public var members: Int
    /// True for the member that reports for all.
    public var isLeader: Bool
    /// What this member does besides, from the state after.
    public var duties: [Duty]

    private enum CodingKeys: String, CodingKey {
        case round, attempt, mark, count, loss, members
        case isLeader = "is_leader"
        case duties
    }
}

/// A state to upload.
public struct SnapshotInstruction: Codable, Equatable, Sendable {
    /// The state, which the member holds.
    public var mark: StateMark
    /// True: it is the last state of the run.
    public var isFinal: Bool

    private enum CodingKeys: String, CodingKey {
        case mark
        case isFinal = "is_final"
    }
}

/// A state to load.
public struct LoadInstruction: Codable, Equatable, Sendable {
    /// What the member holds afterwards; the generation is not written in the files.
    public var mark: StateMark
    /// The files of the checkpoint, each a blob.
    public var files: [CheckpointFile]
}

/// A state to make.
public struct SeedInstruction: Codable, Equatable, Sendable {
    /// Generation of the state at 0 samples.
    public var generation: UInt32
}

/// Why there is nothing to do.
public struct WaitInstruction: Codable, Equatable, Sendable {
    /// In words, for people.
    public var reason: String
}

/// The end.
public struct FinishedInstruction: Codable, Equatable, Sendable {
    /// Samples that count.
    public var samples: UInt64
}

extension Instruction: Codable {
    private enum CodingKeys: String, CodingKey {
        case kind, lease, exchange, commit, snapshot, load
        case startFromSeed = "start_from_seed"
        case wait, finished
    }

    /// Reads `kind` and the facts under its name.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let kind = try container.decode(String.self, forKey: .kind)
        switch CodingKeys(rawValue: kind) {
        case .lease: self = .lease(try container.decode(LeaseInstruction.self, forKey: .lease))
        case .exchange: self = .exchange(try container.decode(ExchangeInstruction.self, forKey: .exchange))
        case .commit: self = .commit(try container.decode(CommitInstruction.self, forKey: .commit))
        case .snapshot: self = .snapshot(try container.decode(SnapshotInstruction.self, forKey: .snapshot))
        case .load: self = .load(try container.decode(LoadInstruction.self, forKey: .load))
        case .startFromSeed:
            self = .startFromSeed(try container.decode(SeedInstruction.self, forKey: .startFromSeed))
        case .wait: self = .wait(try container.decode(WaitInstruction.self, forKey: .wait))
        case .finished: self = .finished(try container.decode(FinishedInstruction.self, forKey: .finished))
        case .kind, nil:
            throw DecodingError.dataCorruptedError(
                forKey: .kind,
                in: container,
                debugDescription: "no instruction is called '\(kind)'"
            )
        }
    }

    /// Writes `kind` and the facts under its name.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        func put(_ key: CodingKeys, _ facts: some Encodable) throws {
            try container.encode(key.rawValue, forKey: .kind)
            try container.encode(facts, forKey: key)
        }
        switch self {
        case .lease(let facts): try put(.lease, facts)
        case .exchange(let facts): try put(.exchange, facts)
        case .commit(let facts): try put(.commit, facts)
        case .snapshot(let facts): try put(.snapshot, facts)
        case .load(let facts): try put(.load, facts)
        case .startFromSeed(let facts): try put(.startFromSeed, facts)
        case .wait(let facts): try put(.wait, facts)
        case .finished(let facts): try put(.finished, facts)
        }
    }
}
