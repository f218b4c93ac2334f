public import Buffers
public import Checkpoints
public import Communication
public import Configs

/// When, and what, workers average.
public protocol SyncStrategy: Method {
    /// Whether all workers of the group must stay from the first step to the last, as volunteers do not.
    static var needsFixedGroup: Bool { get }
    /// The codec that has made what workers bring to a mean; nil, as by default, leaves the run file to choose one for the way.
    var ownCompression: (any Compression)? { get }
    /// Why the strategy cannot work with values that travel so; nil, as by default, if it can.
    func objection(to section: CommunicationSection) -> String?

    /// Makes the state of one worker.
    func makeSynchronizer(_ layout: ParameterLayout, _ communicator: any Communicator) -> any Synchronizer
}

extension SyncStrategy {
    /// False.
    public static var needsFixedGroup: Bool { false }

    /// None.
    public var ownCompression: (any Compression)? { nil }

    /// Any will do.
    public func objection(to section: CommunicationSection) -> String? { nil }
}

/// What the workers of a run hold between two steps.
public enum StateSharing: Sendable, Equatable {
    /// All workers hold the same parameters, optimiser state and averages.
    case replicated
    /// All hold the same parameters; this worker updates a part of them and holds the optimiser state and averages of that part alone.
    case sharded(part: Range<Int>)
    /// Each worker has parameters and optimiser state of its own, and the averages are those of the parameters last agreed on.
    case local
}

/// One worker's side of a strategy; its state is saved with the run's.
public protocol Synchronizer: AnyObject, Checkpointable {
    /// What the workers hold between two steps; never changes. `replicated` unless a strategy says otherwise.
    var sharing: StateSharing { get }

    /// Opens the mean of gradients that become final while they are computed, in place of `reduceGradients`.
    ///
    /// Nil, as by default, if the strategy does not exchange gradients so; parameters as in `reduceGradients`.
    func openGradients(
        _ gradients: FlatBuffer,
        weight: Float,
        at progress: Progress
    ) throws(CommunicationError) -> (any OpenMean)?

    /// A step starts from these parameters; nothing to do by default.
    ///
    /// May be called again before the step is done.
    func begin(from parameters: FlatBuffer)

    /// The gradient of this step is not finite on this worker, which brings the weight 0; nothing to do by default.
    func withdraw()

    /// Samples that the run took, before this step, since all workers held the same parameters; 0 unless a strategy lets them differ.
    var samplesApart: UInt64 { get }

    /// What became of the mean that `reduceParameters` formed in this step; nil, as by default, if it formed none.
    var agreement: MeanReport? { get }

    /// Adds up what the workers found in their own parts; with other sharing than `sharded` it is the number itself.
    func sumOverParts(_ value: Double) throws(CommunicationError) -> Double

    /// Fills a buffer, of which every worker has its own part, on all of them; with other sharing than `sharded` it is whole already.
    func gatherParts(_ buffer: FlatBuffer) throws(CommunicationError)

    /// Replaces a worker's mean gradient by that of all workers.
    ///
    /// - Parameters:
    ///   - gradients: This worker's mean gradient; untouched if the answer says that the mean is not complete.
    ///   - weight: How many samples it stands for; 0 withdraws.
    ///   - progress: Where the run stands.
    /// - Returns: What became of the mean.
    /// - Throws: `CommunicationError` if the group cannot go on.
    func reduceGradients(
        _ gradients: FlatBuffer,
        weight: Float,
        at progress: Progress
    ) throws(CommunicationError) -> MeanReport

    /// Whether `reduceParameters` may change parameters; averages then wait for it instead of following the update at once.
    var changesParameters: Bool { get }

    /// Agrees on parameters after an update, where the strategy does that; `progress` counts the step just taken.
    ///
    /// - Returns: Whether all workers now hold the same parameters; averages follow only those.
    func reduceParameters(_ parameters: FlatBuffer, at progress: Progress) throws(CommunicationError) -> Bool
}

extension Synchronizer {
    /// The same state on all workers.
    public var sharing: StateSharing { .replicated }

    /// Nothing.
    public func begin(from parameters: FlatBuffer) {}

    /// Nothing.
    public func withdraw() {}

    /// None.
    public var samplesApart: UInt64 { 0 }

    /// None.
    public var agreement: MeanReport? { nil }

    /// No mean of gradients that are still computed.
    public func openGradients(
        _ gradients: FlatBuffer,
        weight: Float,
        at progress: Progress
    ) throws(CommunicationError) -> (any OpenMean)? { nil }

    /// The number itself.
    public func sumOverParts(_ value: Double) throws(CommunicationError) -> Double { value }

    /// Nothing.
    public func gatherParts(_ buffer: FlatBuffer) throws(CommunicationError) {}
}
