public import Buffers
public import Checkpoints
public import Communication
import Configs
import Optimization
import TensorFiles

/// Where a run goes on.
public struct Resumption: Sendable {
    /// The checkpoint that was taken over; nil at the start of a run.
    public var checkpoint: CheckpointID?
    /// Newer checkpoints that are damaged, one sentence each; somebody should be told.
    public var refused: [String]
}

extension Trainer {
    /// The name of the layout's digest in a checkpoint.
    static let layoutFact = "layout"
    private static let feedbackFile = "feedback"

    /// What each worker keeps beside the state and the synchronizer.
    private var kept: [String: FlatBuffer] { feedback.map { ["residual": $0.residual] } ?? [:] }

    /// Writes the state as a checkpoint and removes old ones; all or nothing.
    ///
    /// For a worker that holds the whole state, and hands it to others: what it keeps of its own values is not in it.
    public func save(in store: CheckpointStore) throws(TrainingError) -> CheckpointID {
        try save(in: store, with: SingleCommunicator(), keepsOwn: false)
    }

    /// The same by all workers of a fixed group together: each adds what it alone holds, rank 0 the rest.
    ///
    /// Every worker calls it.
    ///
    /// - Parameters:
    ///   - store: Where checkpoints go; needed on rank 0, the others write where it says.
    ///   - group: The workers of the run.
    /// - Returns: The checkpoint's name.
    /// - Throws: If one worker fails, an error on all of them that names it; then no checkpoint appears.
    public func save(in store: CheckpointStore?, with group: any Communicator) throws(TrainingError) -> CheckpointID {
        try save(in: store, with: group, keepsOwn: true)
    }

    private func save(
        in store: CheckpointStore?,
        with group: any Communicator,
        keepsOwn: Bool
    ) throws(TrainingError) -> CheckpointID {
        let description = CheckpointState(
            samples: state.progress.samples,
            step: state.progress.step,
            plannedSamples: state.progress.plannedSamples,
            configDigest: recipe.digest,
            facts: [Trainer.layoutFact: recipe.layout.digest]
        )
        let shared = SharedCheckpoint(description, keep: recipe.config.checkpoint.keep)
        return try shared.write(in: store, with: group) { (writer) throws(CheckpointError) in
            try state.save(&writer)
            try synchronizer.save(&writer)
            if keepsOwn, !kept.isEmpty { try writer.addOwn(Self.feedbackFile, kept.tensors) }
            try writer.add("run.yaml", bytes: Array(ConfigEncoder.encode(recipe.config).utf8))
        }
    }

    /// The weights that samples are drawn with, whole.
    ///
    /// Workers that share a state all call it at the same time; none of them may change the answer.
    public func evaluatedWeights() throws(TrainingError) -> FlatBuffer {
        guard case .sharded(let part) = state.sharing, let average = state.averages.buffers.first else {
            return state.evaluated
        }
        let weights = FlatBuffer(count: recipe.layout.count)
        weights.window(part).copy(from: average)
        try group { () throws(CommunicationError) in try synchronizer.gatherParts(weights) }
        return weights
    }

    /// Takes over the newest valid checkpoint.
    ///
    /// Throws if there are checkpoints but none is valid, or if the newest valid one belongs to another network.
    @discardableResult
    public func resume(from store: CheckpointStore) throws(TrainingError) -> Resumption {
        do throws(CheckpointError) {
            let newest = try store.newestValid()
            if let reader = newest.reader {
                try restore(reader)
            } else if let first = newest.refused.first {
                throw first.error
            }
            return Resumption(checkpoint: newest.reader?.id, refused: newest.refused.map { $0.error.description })
        } catch {
            throw .checkpoint(error)
        }
    }

    /// Takes over a verified checkpoint of the same network.
    ///
    /// With a state that another worker handed over nothing was dropped yet.
    public func restore(_ reader: CheckpointReader) throws(CheckpointError) {
        try reader.require(Trainer.layoutFact, recipe.layout.digest, "parameters with the digest")
        try state.restore(reader)
        // The run file may have been made longer since.
        state.progress.plannedSamples = recipe.config.length.rawValue
        var synchronizer = synchronizer
        try synchronizer.restore(reader)
        let file = reader.own(Self.feedbackFile)
        guard reader.manifest.files.contains(where: { $0.name.hasPrefix(file + ".safetensors") }) else {
            feedback?.reset()
            return
        }
        try reader.read(kept, from: file)
    }
}
