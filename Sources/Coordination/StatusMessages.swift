/// Answer to `GET /v1/status`: all that the dashboard shows.
public struct StatusReply: Codable, Equatable, Sendable {
    /// Name of the run.
    public var name: String
    /// `waiting`, `running`, `gathering`, `closing` or `finished`.
    public var state: String
    /// Samples that count.
    public var samples: UInt64
    /// Samples of the run.
    public var length: UInt64
    /// Samples of a round.
    public var globalBatch: UInt64
    /// How often the run was rolled back.
    public var generation: UInt32
    /// Number of the open round.
    public var round: UInt64?
    /// Samples a second over the last rounds.
    public var imagesPerSecond: Double?
    /// Seconds until the end at that rate.
    public var secondsLeft: Double?
    /// Mean loss of the newest round.
    public var loss: Double?
    /// Samples that counted once and were rolled back.
    public var discarded: UInt64
    /// Who takes part.
    public var workers: [WorkerStatus]
    /// Samples at which checkpoints are held.
    public var checkpoints: [UInt64]
    /// Samples at which the newest sheet was drawn.
    public var newestSheet: UInt64?
    /// Points of the curves, oldest first; at most 512.
    public var history: [HistoryPoint]

    private enum CodingKeys: String, CodingKey {
        case name, state, samples, length
        case globalBatch = "global_batch"
        case generation, round
        case imagesPerSecond = "images_per_second"
        case secondsLeft = "seconds_left"
        case loss, discarded, workers, checkpoints
        case newestSheet = "newest_sheet"
        case history
    }

    /// Gathers what the state alone tells.
    public init(_ state: RunState, workers: [WorkerStatus]) {
        name = state.plan.name
        self.state = state.activity.rawValue
        samples = state.mark.samples
        length = state.plan.length
        globalBatch = state.plan.globalBatch
        generation = state.mark.generation
        round = state.round?.id.rawValue
        loss = state.lastCommit?.loss
        discarded = state.discarded
        self.workers = workers
        checkpoints = state.checkpoints.map(\.mark.samples)
        history = []
    }
}

/// One worker in the status.
public struct WorkerStatus: Codable, Equatable, Sendable {
    /// Who.
    public var id: PeerID
    /// For people.
    public var name: String
    /// How many processes it computes with; nil: one.
    public var ranks: Int?
    /// Samples that it brought to the round that counted last; nil if it took no part.
    public var weight: UInt64?
    /// `computing`, `exchanging`, `waiting` or `loading`.
    public var state: String
    /// Samples a second.
    public var speed: Double?
    /// Samples that count.
    public var contributed: UInt64
    /// Seconds since it was heard.
    public var heard: Double
}

/// One point of the curves.
public struct HistoryPoint: Codable, Equatable, Sendable {
    /// Samples that count.
    public var samples: UInt64
    /// Mean loss.
    public var loss: Double?
    /// Samples a second.
    public var imagesPerSecond: Double?
    /// Seconds since the run directory was made.
    public var seconds: Double

    private enum CodingKeys: String, CodingKey {
        case samples, loss
        case imagesPerSecond = "images_per_second"
        case seconds
    }

    /// Gathers the values.
    public init(samples: UInt64, loss: Double?, imagesPerSecond: Double?, seconds: Double) {
        self.samples = samples
        self.loss = loss
        self.imagesPerSecond = imagesPerSecond
        self.seconds = seconds
    }
}

extension RunState {
    /// What a run is doing, in one word.
    public enum Activity: String, Sendable {
        /// Nobody holds the agreed state yet.
        case waiting
        /// A round is open.
        case running
        /// The next round waits for members that load the state.
        case gathering
        /// Every sample counts; the last state is being saved.
        case closing
        /// Over.
        case finished
    }

    /// What the run is doing.
    public var activity: Activity {
        if isFinished { return .finished }
        if activePeers.isEmpty { return .waiting }
        if mark.samples == plan.length { return .closing }
        return round == nil ? .gathering : .running
    }

    /// What a member is doing, in one word.
    public func activity(of peer: PeerID) -> String {
        guard members[peer]?.holds == mark else { return "loading" }
        guard let round else { return "waiting" }
        if let attempt = round.attempt { return attempt.outcomes[peer] == nil ? "exchanging" : "waiting" }
        return round.pieces.contains { $0.leasedTo == peer } ? "computing" : "waiting"
    }

    /// A line of the status.
    public func status(of peer: PeerID, heard seconds: Double) -> WorkerStatus? {
        members[peer].map {
            WorkerStatus(
                id: peer,
                name: $0.name,
                ranks: $0.ranks,
                weight: lastCommit?.weight(of: peer),
                state: activity(of: peer),
                speed: $0.speed,
                contributed: $0.contributed,
                heard: seconds
            )
        }
    }
}
