/// What a run is, as far as the coordinator has to know; fixed when the run directory is made.
public struct RunPlan: Codable, Equatable, Sendable {
    /// Name of the run, for people.
    public var name: String
    /// Samples to train on in all; at least 1.
    public var length: UInt64
    /// Samples of one round; at least 1.
    ///
    /// The last round may be smaller.
    public var globalBatch: UInt64
    /// Shares of a round are multiples of this where there are enough; at least 1.
    public var granularity: UInt64
    /// Whether shares follow numbers of ranks alone, whatever speeds were measured; nil: they do not.
    public var sharesByRanks: Bool?
    /// Samples between checkpoints; 0: only the last state is kept.
    public var checkpointEvery: UInt64
    /// How many checkpoints are kept; at least 1.
    public var checkpointsKept: Int
    /// Samples between sample sheets; 0: none.
    public var evaluationEvery: UInt64
    /// How many members a run may have at once; at least 1.
    public var maximumMembers: Int
    /// How long everything may take.
    public var timing: Timing

    /// A plan with the usual timing, one checkpoint (the last state) and no sample sheets.
    public init(name: String, length: UInt64, globalBatch: UInt64) {
        self.name = name
        self.length = length
        self.globalBatch = globalBatch
        granularity = 1
        checkpointEvery = 0
        checkpointsKept = 2
        evaluationEvery = 0
        maximumMembers = 256
        timing = Timing()
    }

    /// Checks the ranges.
    public func validate() throws(CoordinationError) {
        guard length >= 1, length <= UInt64(Int64.max) else { throw .invalid(what: "length", value: "\(length)") }
        guard globalBatch >= 1, globalBatch <= 1 << 24 else {
            throw .invalid(what: "global batch", value: "\(globalBatch)")
        }
        guard granularity >= 1 else { throw .invalid(what: "granularity", value: "\(granularity)") }
        guard checkpointsKept >= 1 else { throw .invalid(what: "kept checkpoints", value: "\(checkpointsKept)") }
        guard maximumMembers >= 1 else { throw .invalid(what: "maximum members", value: "\(maximumMembers)") }
    }
}

/// How long everything may take, in milliseconds.
public struct Timing: Codable, Equatable, Sendable {
    /// Time between two heartbeats of a worker.
    public var heartbeat: Int64 = 500
    /// A worker that was not heard for this long is lost; see `Liveness` for when it is lost sooner.
    public var lostAfter: Int64 = 5_000
    /// The shortest deadline of a lease.
    public var minimumLease: Int64 = 10_000
    /// Deadline of a lease of a worker whose speed is not known.
    public var firstLease: Int64 = 120_000
    /// A deadline is this many times the expected duration.
    public var deadlineFactor: Int64 = 4
    /// The shortest deadline of an exchange.
    public var minimumExchange: Int64 = 10_000
    /// Deadline of an exchange as long as none has succeeded.
    public var firstExchange: Int64 = 60_000
    /// After the first failure report of an attempt the others have this long to report theirs.
    public var settle: Int64 = 2_000
    /// A round waits this long for those who are loading the state.
    public var joinGrace: Int64 = 60_000
    /// An upload of a checkpoint may take this long before somebody else is asked.
    public var uploadGrace: Int64 = 120_000
    /// After a restart of the coordinator every deadline is at least this far away.
    public var restartGrace: Int64 = 10_000

    /// The usual values.
    public init() {}
}
