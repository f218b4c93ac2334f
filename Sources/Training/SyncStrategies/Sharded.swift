public import Buffers
import Checkpoints
public import Communication
public import Configs

/// Averages gradients in every step like `every-step`, but each worker updates only its part of the parameters and holds the optimiser state
/// and averages of that part alone.
///
/// Source: Rajbhandari et al. 2020, "ZeRO", arXiv:1910.02054, section 5.1, stage 1.
public struct Sharded: SyncStrategy {
    /// The name in run files.
    public static let name = "sharded"
    /// Where the method is described.
    public static let reference = Reference(
        title: "ZeRO: Memory Optimizations Toward Training Trillion Parameter Models",
        year: 2020,
        link: "arXiv:1910.02054",
        equations: "section 5.1"
    )
    /// True: the part of a worker that left would be lost.
    public static let needsFixedGroup = true

    /// The defaults.
    public init() {}

    /// Nothing to check.
    public func validate() throws(ConfigError) {}

    /// Makes the state of one worker.
    public func makeSynchronizer(_ layout: ParameterLayout, _ communicator: any Communicator) -> any Synchronizer {
        ShardedSynchronizer(communicator, parts: communicator.evenParts(of: layout.count))
    }
}

/// Gives every worker the mean of its part, and all of them the updated parameters.
final class ShardedSynchronizer: Synchronizer {
    private let communicator: any Communicator
    private let parts: [Range<Int>]

    var sharing: StateSharing { .sharded(part: parts[communicator.rank]) }
    /// The parts of others change, but averages follow this worker's own part alone.
    var changesParameters: Bool { false }

    init(_ communicator: any Communicator, parts: [Range<Int>]) {
        self.communicator = communicator
        self.parts = parts
    }

    func sumOverParts(_ value: Double) throws(CommunicationError) -> Double {
        try communicator.sum([value])[0]
    }

    func gatherParts(_ buffer: FlatBuffer) throws(CommunicationError) {
        try communicator.gather(buffer, parts: parts)
    }

    func reduceGradients(
        _ gradients: FlatBuffer,
        weight: Float,
        at progress: Progress
    ) throws(CommunicationError) -> MeanReport {
        try communicator.scatterMean(of: gradients, weight: weight, round: progress.samples, parts: parts)
    }

    func reduceParameters(_ parameters: FlatBuffer, at progress: Progress) throws(CommunicationError) -> Bool {
        try gatherParts(parameters)
        return true
    }

    func save(_ writer: inout CheckpointWriter) throws(CheckpointError) {}

    func restore(_ reader: CheckpointReader) throws(CheckpointError) {}
}
