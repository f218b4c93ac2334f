public import Buffers
public import Communication
public import Configs

/// Workers take steps of their own and average their parameters now and then.
///
/// `p = sum_i n_i p_i / sum_i n_i` over workers i that trained on n_i samples since the last agreement; the optimiser's state stays local.
///
/// Source: McMahan et al. 2017, arXiv:1602.05629, algorithm 1, with all workers in every round; Stich 2019, arXiv:1805.09767, algorithm 1.
public struct LocalSteps: SyncStrategy {
    /// The name in run files.
    public static let name = "local-steps"
    /// Where the method is described.
    public static let reference = Reference(
        title: "Local SGD Converges Fast and Communicates Little",
        year: 2019,
        link: "arXiv:1805.09767",
        equations: "algorithm 1"
    )

    /// All workers agree in the same step.
    public static let needsFixedGroup = true

    /// From one agreement to the next, more than 0; counted over the whole run, so that all workers agree in the same step.
    public var every = Interval.steps(8)

    /// The defaults.
    public init() {}

    /// Checks the range.
    public func validate() throws(ConfigError) {
        try ConfigError.require(!every.isEmpty, "every", found: every, expected: "more than 0 steps or samples")
    }

    /// Parameters do not bear that most of their values are dropped.
    public func objection(to section: CommunicationSection) -> String? {
        guard section.compression.isProjection else { return nil }
        return "this codec drops most of a value, and parameters do not bear that; use \(DiLoCo.name)"
    }

    /// Makes the state of one worker.
    public func makeSynchronizer(_ layout: ParameterLayout, _ communicator: any Communicator) -> any Synchronizer {
        LocalSynchronizer(layout, communicator, every: every, AveragedParameters())
    }
}

/// The mean of the parameters themselves, which leaves equal parameters, and those of a single worker, as they are.
struct AveragedParameters: AgreementRule {
    func prepare(_ contribution: FlatBuffer, _ parameters: FlatBuffer, agreed: FlatBuffer) {
        contribution.copy(from: parameters)
    }

    func apply(_ mean: FlatBuffer, to agreed: FlatBuffer) {
        agreed.copy(from: mean)
    }
}
