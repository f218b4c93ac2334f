/// The version that worker and coordinator have to share.
public let protocolVersion = 1

/// Body of `POST /v1/join`.
public struct JoinRequest: Codable, Equatable, Sendable {
    /// `protocolVersion` of the worker.
    public var version: Int
    /// Drawn by the worker when it starts.
    public var peer: PeerID
    /// For people, such as the host's name; at most 64 bytes.
    public var name: String
    /// Host of its frame listener; nil: the address the request comes from.
    public var host: String?
    /// Port of its frame listener; 0: it cannot be dialled and only dials others.
    public var port: Int
    /// The state it holds, if it was a member before.
    public var holds: StateMark?
    /// How many processes it computes with, 1 to `JoinFacts.largestRanks`, to which its shares are in proportion; nil: one.
    public var ranks: Int?

    /// Gathers the facts.
    public init(
        peer: PeerID,
        name: String,
        host: String?,
        port: Int,
        holds: StateMark? = nil,
        ranks: Int? = nil
    ) {
        version = protocolVersion
        self.peer = peer
        self.name = name
        self.host = host
        self.port = port
        self.holds = holds
        self.ranks = ranks
    }
}

/// Answer to a join.
public struct JoinReply: Codable, Equatable, Sendable {
    /// Name of the run.
    public var name: String
    /// Blob that is the run file.
    public var runFile: ContentDigest
    /// The folder that the run file's `data.path` stands for, if the coordinator serves it.
    public var dataset: [CheckpointFile]?
    /// Samples of the run.
    public var length: UInt64
    /// Samples of a round.
    public var globalBatch: UInt64
    /// The agreed state.
    public var mark: StateMark
    /// Seconds between two heartbeats.
    public var heartbeat: Double
    /// Seconds without a sign after which a member is lost.
    public var lostAfter: Double
    /// The host under which the others dial this worker.
    public var host: String

    /// Gathers the facts.
    public init(
        plan: RunPlan,
        runFile: ContentDigest,
        dataset: [CheckpointFile]?,
        mark: StateMark,
        host: String
    ) {
        name = plan.name
        self.runFile = runFile
        self.dataset = dataset
        length = plan.length
        globalBatch = plan.globalBatch
        self.mark = mark
        heartbeat = Double(plan.timing.heartbeat) / 1000
        lostAfter = Double(plan.timing.lostAfter) / 1000
        self.host = host
    }

    private enum CodingKeys: String, CodingKey {
        case name
        case runFile = "run_file"
        case dataset, length
        case globalBatch = "global_batch"
        case mark, heartbeat
        case lostAfter = "lost_after"
        case host
    }
}

/// Body of `POST /v1/heartbeat` and `POST /v1/leave`.
public struct PeerRequest: Codable, Equatable, Sendable {
    /// Who speaks.
    public var peer: PeerID

    /// Names the peer.
    public init(peer: PeerID) { self.peer = peer }
}

/// Body of `POST /v1/presence`, whose connection ends with the worker.
public struct PresenceRequest: Codable, Equatable, Sendable {
    /// Who is present.
    public var peer: PeerID
    /// Seconds for which the coordinator holds the answer back; at most 20.
    public var wait: Double
    /// The attempt that it takes part in now; nil: none.
    public var attempt: AttemptMark?

    /// Is present for so many seconds.
    public init(peer: PeerID, wait: Double, attempt: AttemptMark? = nil) {
        self.peer = peer
        self.wait = wait
        self.attempt = attempt
    }
}

/// Answer to `POST /v1/presence`, which comes early if an attempt is over in which the worker takes part.
public struct PresenceReply: Codable, Equatable, Sendable {
    /// The newest attempt that is over; all before it are too.
    public var over: AttemptMark

    /// Tells what is over.
    public init(over: AttemptMark) { self.over = over }
}

/// Answer to a heartbeat and to other notices.
public struct NoticeReply: Codable, Equatable, Sendable {
    /// Samples that count.
    public var samples: UInt64
    /// True: the run is over.
    public var finished: Bool

    /// Gathers the facts.
    public init(samples: UInt64, finished: Bool) {
        self.samples = samples
        self.finished = finished
    }
}

/// Body of `POST /v1/work`.
public struct WorkRequest: Codable, Equatable, Sendable {
    /// Who asks.
    public var peer: PeerID
    /// The state it holds now.
    public var holds: StateMark?
    /// Seconds the coordinator may hold the answer back while there is nothing to do; at most 10.
    public var wait: Double

    /// Asks.
    public init(peer: PeerID, holds: StateMark?, wait: Double = 10) {
        self.peer = peer
        self.holds = holds
        self.wait = wait
    }
}

/// Answer to `POST /v1/work`.
public struct WorkReply: Codable, Equatable, Sendable {
    /// What to do next.
    public var instruction: Instruction

    /// Wraps the instruction.
    public init(instruction: Instruction) { self.instruction = instruction }
}

/// Body of `POST /v1/leases/{id}/complete`.
public struct CompleteRequest: Codable, Equatable, Sendable {
    /// Who has computed.
    public var peer: PeerID
    /// The state the gradient was computed with.
    public var holds: StateMark
    /// Mean loss over the lease's samples; nil if it is not finite.
    public var loss: Double?
    /// True: the gradient was not finite and weighs nothing.
    public var withdrawn: Bool
    /// Seconds the answer may be held back, as in `WorkRequest`.
    public var wait: Double

    /// Gathers the facts.
    public init(peer: PeerID, holds: StateMark, loss: Double?, withdrawn: Bool = false, wait: Double = 10) {
        self.peer = peer
        self.holds = holds
        self.loss = loss
        self.withdrawn = withdrawn
        self.wait = wait
    }
}

/// Answer to a completed lease.
public struct CompleteReply: Codable, Equatable, Sendable {
    /// False: the lease had been taken back; its gradient must not become part of the mean.
    public var accepted: Bool
    /// What to do next.
    public var instruction: Instruction

    /// Gathers the facts.
    public init(accepted: Bool, instruction: Instruction) {
        self.accepted = accepted
        self.instruction = instruction
    }
}

/// Body of `POST /v1/rounds/{round}/result`; the answer is a `WorkReply`.
public struct ResultRequest: Codable, Equatable, Sendable {
    /// Who reports.
    public var peer: PeerID
    /// The state before the round.
    public var holds: StateMark
    /// The attempt.
    public var attempt: UInt32
    /// Digest of the whole mean, if it is there.
    public var digest: ContentDigest?
    /// Why it is not.
    public var failure: String?
    /// Who is to blame, as far as that is known; nil as empty.
    public var blamed: [PeerID]?
    /// Seconds the answer may be held back, as in `WorkRequest`.
    public var wait: Double

    /// Reports a mean.
    public init(peer: PeerID, holds: StateMark, attempt: UInt32, digest: ContentDigest, wait: Double = 10) {
        self.peer = peer
        self.holds = holds
        self.attempt = attempt
        self.digest = digest
        self.wait = wait
    }

    /// Reports a failure; `failure` has at most 512 bytes.
    public init(
        peer: PeerID,
        holds: StateMark,
        attempt: UInt32,
        failure: String,
        blamed: [PeerID],
        wait: Double = 10
    ) {
        self.peer = peer
        self.holds = holds
        self.attempt = attempt
        self.failure = failure
        self.blamed = blamed
        self.wait = wait
    }
}

/// Body of `PUT /v1/checkpoints/{samples}`; the files have to be there as blobs.
public struct CheckpointRequest: Codable, Equatable, Sendable {
    /// Who saved it.
    public var peer: PeerID
    /// Generation of the state.
    public var generation: UInt32
    /// The files.
    public var files: [CheckpointFile]

    /// Gathers the facts.
    public init(peer: PeerID, generation: UInt32, files: [CheckpointFile]) {
        self.peer = peer
        self.generation = generation
        self.files = files
    }
}

/// Body of every answer that is not a success.
public struct ErrorReply: Codable, Equatable, Sendable {
    /// Stable word for programs: `unknown-peer`, `unauthorized`, `finished`, `invalid`, ...
    public var error: String
    /// One sentence for people.
    public var message: String

    /// Gathers the facts.
    public init(error: String, message: String) {
        self.error = error
        self.message = message
    }
}
