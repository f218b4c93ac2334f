import Communication
import Configs
import Coordination
import Foundation
import Training

/// What rank 0 of a cluster tells the others to do next.
enum ClusterCommand: Codable, Equatable, Sendable {
    /// Make the trainer of this run; `folder` is the run's place in the cache, `dataset` the shards that the coordinator serves.
    case open(runFile: String, folder: String, dataset: [CheckpointFile]?)
    /// Go back to the start of the run.
    case startOver
    /// Start a step, or start it again.
    case begin
    /// Add the gradients of this rank's slice of these samples.
    case accumulate(first: UInt64, count: UInt64)
    /// Form the mean.
    case exchange
    /// Update the state with the mean of the last exchange.
    case apply(count: Int)
    /// Take over the checkpoint of these files.
    case restore([CheckpointFile])
    /// Leave with this exit code.
    case finish(code: Int32)
}

/// The ranks of a cluster, as rank 0 leads them and the others follow.
struct ClusterLink {
    /// The ranks.
    let group: any Communicator

    /// Rank 0 tells the others.
    func tell(_ command: ClusterCommand) throws(TrainingError) {
        guard let data = try? JSONEncoder().encode(command) else {
            preconditionFailure("\(command) cannot be encoded")
        }
        _ = try wrapping { () throws(CommunicationError) in try group.broadcast([UInt8](data), from: 0) }
    }

    /// What rank 0 tells; blocks until it does, for as long as that takes.
    func hear() throws(TrainingError) -> ClusterCommand {
        let bytes = try wrapping { () throws(CommunicationError) in try group.broadcast([], from: 0) }
        do {
            return try JSONDecoder().decode(ClusterCommand.self, from: Data(bytes))
        } catch {
            throw .refused("rank 0 speaks another version than rank \(group.rank); start one program on all hosts")
        }
    }

    /// Adds this rank's slice of some samples; every rank calls it.
    ///
    /// - Returns: The mean loss over all samples, on every rank; not finite if a loss or gradient of any rank is not.
    func accumulate(_ samples: Range<UInt64>, with trainer: Trainer) throws(TrainingError) -> Double {
        let slice = slice(of: samples)
        let loss = slice.isEmpty ? 0 : try trainer.accumulate(slice)
        let own = loss.isFinite ? [loss * Double(slice.count), 0] : [0, 1]
        let sums = try wrapping { () throws(CommunicationError) in try group.sum(own) }
        return sums[1] == 0 ? sums[0] / Double(max(1, samples.count)) : .nan
    }

    /// What joins the ranks' losses where a round is reported; every rank has one.
    func losses(of trainer: Trainer) -> GroupLoss {
        GroupLoss(group, every: trainer.recipe.config.report.every.rawValue)
    }

    /// Makes the files of a folder of rank 0 be in a folder of every rank; every rank calls it.
    ///
    /// Files that are right already are not sent.
    func share(_ files: [CheckpointFile], in folder: String) throws(WorkerError) {
        guard group.size > 1 else { return }
        let store = ClusterFiles(group, in: folder)
        for file in files { try store.share(file) }
    }

    func wrapping<Result>(_ body: () throws(CommunicationError) -> Result) throws(TrainingError) -> Result {
        do {
            return try body()
        } catch {
            throw .communication(error)
        }
    }

    private func slice(of samples: Range<UInt64>) -> Range<UInt64> {
        let (first, count) = (samples.lowerBound, UInt64(samples.count))
        let (rank, size) = (UInt64(group.rank), UInt64(group.size))
        return first + count * rank / size..<first + count * (rank + 1) / size
    }
}
