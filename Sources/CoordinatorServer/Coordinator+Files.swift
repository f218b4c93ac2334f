import Coordination

extension Coordinator {
    /// Adds a line to the run's log; the same line twice counts once.
    func add(report line: String, samples: UInt64) async throws(CoordinatorError) {
        guard samples <= state.mark.samples else { throw .malformed(what: "number of samples of the report") }
        if try await journal.add(report: line, samples: samples) { try reportLog.append(line) }
    }

    /// Makes a checkpoint out of blobs and holds it.
    func hold(_ checkpoint: Checkpoint) async throws(CoordinatorError) {
        var trial = ahead
        do {
            guard try !trial.apply(.hold(checkpoint), at: time.now()).isEmpty else { return }
        } catch {
            throw .coordination(error)
        }
        try await Self.materialize(checkpoint, in: folder)
        try await submit(.hold(checkpoint))
    }

    @concurrent
    private static func materialize(_ checkpoint: Checkpoint, in folder: RunFolder) async throws(CoordinatorError) {
        try CheckpointFolder(folder).materialize(checkpoint)
    }
}
