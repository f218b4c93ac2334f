public import Buffers
import Checkpoints
public import Communication
public import Configs

/// Averages gradients in every step: n workers do what one would do with the whole batch.
///
/// Source: synchronous data parallelism, Li et al. 2020, arXiv:2006.15704.
public struct EveryStep: SyncStrategy {
    /// The name in run files.
    public static let name = "every-step"
    /// Where the method is described.
    public static let reference = Reference(
        title: "PyTorch Distributed: Experiences on Accelerating Data Parallel Training",
        year: 2020,
        link: "arXiv:2006.15704",
        equations: "section 3.1"
    )

    /// Whether the exchange runs while the last gradients are computed; changes no number.
    public var overlap = true

    /// The defaults.
    public init() {}

    /// Nothing to check.
    public func validate() throws(ConfigError) {}

    /// Makes the state of one worker.
    public func makeSynchronizer(_ layout: ParameterLayout, _ communicator: any Communicator) -> any Synchronizer {
        EveryStepSynchronizer(communicator, overlap: overlap)
    }
}

/// Averages gradients; parameters agree because all workers apply the same update.
final class EveryStepSynchronizer: Synchronizer {
    private let communicator: any Communicator
    private let overlap: Bool

    var changesParameters: Bool { false }

    init(_ communicator: any Communicator, overlap: Bool) {
        self.communicator = communicator
        self.overlap = overlap
    }

    // Alone there is nothing to wait for.
    func openGradients(
        _ gradients: FlatBuffer,
        weight: Float,
        at progress: Progress
    ) throws(CommunicationError) -> (any OpenMean)? {
        guard overlap, communicator.size > 1 else { return nil }
        return try communicator.openMean(of: gradients, weight: weight, round: progress.samples)
    }

    func reduceGradients(
        _ gradients: FlatBuffer,
        weight: Float,
        at progress: Progress
    ) throws(CommunicationError) -> MeanReport {
        try communicator.mean(of: gradients, weight: weight, round: progress.samples)
    }

    func reduceParameters(_ parameters: FlatBuffer, at progress: Progress) throws(CommunicationError) -> Bool { true }

    func save(_ writer: inout CheckpointWriter) throws(CheckpointError) {}

    func restore(_ reader: CheckpointReader) throws(CheckpointError) {}
}
