public import Buffers
public import Communication
public import Configs

/// Workers take many steps of their own; the mean of how far they went is the gradient of an outer optimiser with momentum.
///
/// With agreed parameters `p`, parameters `p_i` of worker i and its samples `n_i` since the last agreement:
/// `d = sum_i n_i (p - p_i) / sum_i n_i`, `m = momentum m + d`, `p = p - rate (d + momentum m)`. The inner optimiser is the run's, and its
/// state stays local.
///
/// Source: Douillard et al. 2023, arXiv:2311.08105, algorithm 1, with weights for shares of different size. Nesterov's momentum in the
/// form of Sutskever et al. 2013.
public struct DiLoCo: SyncStrategy {
    /// The name in run files.
    public static let name = "diloco"
    /// Where the method is described.
    public static let reference = Reference(
        title: "DiLoCo: Distributed Low-Communication Training of Language Models",
        year: 2023,
        link: "arXiv:2311.08105",
        equations: "algorithm 1"
    )

    /// All workers agree in the same step.
    public static let needsFixedGroup = true

    /// From one agreement to the next, more than 0; counted over the whole run, so that all workers agree in the same step.
    public var every = Interval.steps(500)
    /// The outer learning rate, more than 0; 1 without momentum is the average of `local-steps`.
    public var rate = 0.7
    /// The outer Nesterov momentum, in `[0, 1)`.
    public var momentum = 0.9

    /// The defaults.
    public init() {}

    /// Checks the ranges.
    public func validate() throws(ConfigError) {
        try ConfigError.require(!every.isEmpty, "every", found: every, expected: "more than 0 steps or samples")
        try ConfigError.require(rate > 0 && rate.isFinite, "rate", found: rate, expected: "more than 0")
        try ConfigError.require(momentum >= 0 && momentum < 1, "momentum", found: momentum, expected: "in [0, 1)")
    }

    /// Makes the state of one worker.
    public func makeSynchronizer(_ layout: ParameterLayout, _ communicator: any Communicator) -> any Synchronizer {
        let rule = OuterStep(rate: Float(rate), momentum: Float(momentum), count: layout.count)
        return LocalSynchronizer(layout, communicator, every: every, rule)
    }
}

/// The outer optimiser: gradient descent with Nesterov's momentum.
struct OuterStep: AgreementRule {
    private let rate: Float
    private let momentum: Float
    private let velocity: FlatBuffer

    init(rate: Float, momentum: Float, count: Int) {
        self.rate = rate
        self.momentum = momentum
        velocity = FlatBuffer(count: count)
    }

    var buffers: [String: FlatBuffer] { ["momentum": velocity] }

    func prepare(_ contribution: FlatBuffer, _ parameters: FlatBuffer, agreed: FlatBuffer) {
        contribution.copy(from: agreed)
        contribution.add(parameters, scale: -1)
    }

    func apply(_ mean: FlatBuffer, to agreed: FlatBuffer) {
        velocity.scale(by: momentum)
        velocity.add(mean)
        mean.add(velocity, scale: momentum)
        agreed.add(mean, scale: -rate)
    }
}
