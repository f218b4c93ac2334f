public import Buffers
public import Communication
public import Configs

/// Workers take many steps of their own and exchange a few of the numbers by which they went furthest; the rest adds up until it is sent.
///
/// With agreed parameters `p`, parameters `p_i` of worker i, its samples `n_i` since the last agreement, and its residual `e_i`, 0 at first:
/// `a_i = decay e_i + (p - p_i)`, `q_i = top-k(a_i)`, `e_i = a_i - q_i`, `p = p - rate sum_i n_i q_i / sum_i n_i`. The inner optimiser is
/// the run's, and its state stays local. What waits in the residual takes the place of the outer momentum of `diloco`.
///
/// Source: Sarfi et al. 2025, arXiv:2508.15706, algorithm 1, with weights for shares of different size; defaults of its published settings.
public struct SparseLoCo: SyncStrategy {
    /// The name in run files.
    public static let name = "sparse-loco"
    /// Where the method is described.
    public static let reference = Reference(
        title: "Communication Efficient LLM Pre-training with SparseLoCo",
        year: 2025,
        link: "arXiv:2508.15706",
        equations: "algorithm 1"
    )

    /// All workers agree in the same step, and each keeps a residual.
    public static let needsFixedGroup = true

    /// From one agreement to the next, more than 0; counted over the whole run, so that all workers agree in the same step.
    public var every = Interval.steps(30)
    /// The numbers that are sent of every 4096, in `1...128`.
    public var kept = 64
    /// What stays of the residual from one agreement to the next, in `[0, 1]`.
    public var decay = 0.95
    /// The outer learning rate, more than 0.
    public var rate = 1.0

    /// The defaults.
    public init() {}

    /// Checks the ranges.
    public func validate() throws(ConfigError) {
        try ConfigError.require(!every.isEmpty, "every", found: every, expected: "more than 0 steps or samples")
        try TopKCompression(kept: kept).validate()
        try ConfigError.require(decay >= 0 && decay <= 1, "decay", found: decay, expected: "0 to 1")
        try ConfigError.require(rate > 0 && rate.isFinite, "rate", found: rate, expected: "more than 0")
    }

    /// The largest numbers of every 4096.
    public var ownCompression: (any Compression)? { TopKCompression(kept: kept) }

    /// No other codec.
    public func objection(to section: CommunicationSection) -> String? {
        guard !(section.compression is Float32Compression) || section.feedback else { return nil }
        return "this strategy has a codec of its own"
    }

    /// Makes the state of one worker.
    public func makeSynchronizer(_ layout: ParameterLayout, _ communicator: any Communicator) -> any Synchronizer {
        let feedback = ErrorFeedback(TopKCompression(kept: kept), decay: Float(decay), count: layout.count)
        let rule = SparseStep(rate: Float(rate), feedback: feedback)
        return LocalSynchronizer(layout, communicator, every: every, rule)
    }
}

/// A step of plain gradient descent along the mean of what workers let through.
struct SparseStep: AgreementRule {
    private let rate: Float
    private let feedback: ErrorFeedback

    init(rate: Float, feedback: ErrorFeedback) {
        self.rate = rate
        self.feedback = feedback
    }

    var ownBuffers: [String: FlatBuffer] { ["residual": feedback.residual] }

    func prepare(_ contribution: FlatBuffer, _ parameters: FlatBuffer, agreed: FlatBuffer) {
        contribution.copy(from: agreed)
        contribution.add(parameters, scale: -1)
    }

    func compress(_ contribution: FlatBuffer, round: UInt64, rank: Int) -> Bool {
        feedback.compress(contribution, round: round, rank: rank)
    }

    func commit() {
        feedback.commit()
    }

    func apply(_ mean: FlatBuffer, to agreed: FlatBuffer) {
        agreed.add(mean, scale: -rate)
    }
}
