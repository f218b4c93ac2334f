import Buffers
public import Checkpoints
import Configs
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

    /// Writes the state as a checkpoint and removes old ones; all or nothing.
    public func save(in store: CheckpointStore) throws(TrainingError) -> CheckpointID {
        do throws(CheckpointError) {
            var writer = try store.begin(
                CheckpointState(
                    samples: state.progress.samples,
                    step: state.progress.step,
                    plannedSamples: state.progress.plannedSamples,
                    configDigest: recipe.digest,
                    facts: [Trainer.layoutFact: recipe.layout.digest]
                )
            )
            try state.save(&writer)
            try synchronizer.save(&writer)
            try writer.add("run.yaml", bytes: Array(ConfigEncoder.encode(recipe.config).utf8))
            let id = try writer.commit()
            try store.retain(recipe.config.checkpoint.keep)
            return id
        } catch {
            throw .checkpoint(error)
        }
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
    public func restore(_ reader: CheckpointReader) throws(CheckpointError) {
        try reader.require(Trainer.layoutFact, recipe.layout.digest, "parameters with the digest")
        try state.restore(reader)
        // The run file may have been made longer since.
        state.progress.plannedSamples = recipe.config.length.rawValue
        var synchronizer = synchronizer
        try synchronizer.restore(reader)
    }
}
