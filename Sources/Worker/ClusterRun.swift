import Checkpoints
public import Communication
import Configs
import Foundation
import MPICommunication
public import Training

/// A run under `mpirun`, or alone: every rank computes its slice, rank 0 reports, saves and judges.
public struct ClusterRun {
    private let config: RunConfig
    private let out: String
    private let fresh: Bool

    /// A run of a run file in a directory that all ranks see.
    public init(_ config: RunConfig, out: String, fresh: Bool) {
        self.config = config
        self.out = out
        self.fresh = fresh
    }

    /// Trains until the run is over or told to stop.
    ///
    /// - Returns: Whether the run is over.
    public func run(
        _ communicator: any Communicator,
        until stop: StopSignal,
        display: any TrainingObserver
    ) throws(TrainingError) -> Bool {
        let trainer = try Trainer(Recipe(config), communicator: communicator)
        let directory = communicator.rank == 0 ? try RunDirectory(out, for: config, fresh: fresh) : nil
        try agree(trainer, directory, communicator)
        var observers: [any TrainingObserver] = []
        if let directory {
            observers = [display, try JSONLinesLog(path: directory.log, every: config.report.every.rawValue)]
        }
        let run = TrainingRun(trainer, in: directory, with: communicator, observers: observers)
        let work = ScheduledWork(
            communicator,
            batch: config.batch.global,
            from: trainer.state.progress,
            until: stop
        )
        return try run.run(work)
    }

    // Rank 0 finds the newest valid checkpoint; the others read the same one, which they see in the same directory, only after it is chosen.
    private func agree(
        _ trainer: Trainer,
        _ directory: RunDirectory?,
        _ communicator: any Communicator
    ) throws(TrainingError) {
        var chosen: [UInt8] = []
        if let directory, let checkpoint = try trainer.resume(from: directory.checkpoints).checkpoint {
            chosen = Array(directory.checkpoints.path(of: checkpoint).utf8)
        }
        guard communicator.size > 1 else { return }
        do {
            let path = String(decoding: try communicator.broadcast(chosen, from: 0), as: UTF8.self)
            guard directory == nil, !path.isEmpty else { return }
            var reader = try CheckpointReader(path: path)
            reader.rank = communicator.rank
            try trainer.restore(reader)
        } catch let error as CommunicationError {
            throw .communication(error)
        } catch let error as CheckpointError {
            throw .checkpoint(error)
        } catch {
            throw .refused("\(error)")
        }
    }
}
