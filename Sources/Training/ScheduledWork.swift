public import Communication
public import Configs

/// Work from rank, size and progress alone: each rank takes its slice of every global batch.
///
/// Slices of neighbouring ranks differ by at most one sample, and the last batch of a run may be smaller. Whatever the number of ranks, a
/// step covers the same samples.
public final class ScheduledWork: WorkSource {
    private let communicator: any Communicator
    private let batch: UInt64
    private var progress: Progress
    private let stop: StopSignal

    /// Makes the schedule of one rank, from where a run stands.
    public init(_ communicator: any Communicator, batch: Int, from progress: Progress, until stop: StopSignal) {
        precondition(batch > 0, "batches of \(batch)")
        self.communicator = communicator
        self.batch = UInt64(batch)
        self.progress = progress
        self.stop = stop
    }

    /// This rank's slice of the next global batch.
    public func next() throws(TrainingError) -> Work? {
        guard !progress.isFinished, !(try isStopped()) else { return nil }
        let (rank, size) = (communicator.rank, communicator.size)
        let first = progress.samples
        let end = min(first + batch, progress.plannedSamples)
        let count = end - first
        let slice = first + count * UInt64(rank) / UInt64(size)..<first + count * UInt64(rank + 1) / UInt64(size)
        return Work(samples: slice.isEmpty ? [] : [slice], globalSamples: first..<end)
    }

    // Ranks are told to stop at different moments; rank 0 decides for all, so that none waits for another in a mean.
    private func isStopped() throws(TrainingError) -> Bool {
        guard communicator.size > 1 else { return stop.isSet }
        do {
            return try communicator.broadcast([stop.isSet ? 1 : 0], from: 0) == [1]
        } catch {
            throw .communication(error)
        }
    }

    /// Moves on to the next batch.
    public func complete(_ work: Work, _ report: StepReport) throws(TrainingError) {
        progress.advance(by: UInt64(work.globalSampleCount))
    }
}
