public import Buffers
public import Checkpoints
public import Communication
public import Configs

/// When, and what, workers average.
public protocol SyncStrategy: Method {
    /// Makes the state of one worker.
    func makeSynchronizer(_ layout: ParameterLayout, _ communicator: any Communicator) -> any Synchronizer
}

/// One worker's side of a strategy; its state is saved with the run's.
public protocol Synchronizer: AnyObject, Checkpointable {
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

    /// Agrees on parameters after an update, where the strategy does that.
    func reduceParameters(_ parameters: FlatBuffer, at progress: Progress) throws(CommunicationError)
}
