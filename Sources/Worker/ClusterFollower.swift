import Communication
import Coordination
import Foundation
import Training

/// A rank above 0 of a cluster that takes part in a run of volunteers: does what rank 0 tells it, for as long as that takes.
final class ClusterFollower {
    /// Its trainer, once rank 0 has said which run this is.
    private(set) var trainer: Trainer?
    private var losses: GroupLoss?
    private let link: ClusterLink
    private let cache: String
    /// Where states pass through; of this process alone.
    private let states: String

    /// A rank with its cache.
    init(_ link: ClusterLink, cache: String) {
        self.link = link
        self.cache = cache
        states = "\(cache)/rank-\(link.group.rank)-\(UInt64.random(in: 0 ... .max))"
    }

    /// Follows until rank 0 ends the work.
    ///
    /// - Returns: The exit code that rank 0 ends with.
    func run() throws(WorkerError) -> Int32 {
        defer { try? FileManager.default.removeItem(atPath: states) }
        var exchanged: MeanReport?
        while true {
            switch try training({ () throws(TrainingError) in try link.hear() }) {
            case .finish(let code): return code
            case .open(let runFile, let folder, let dataset):
                let opened = try open(runFile, folder, dataset)
                (trainer, losses) = (opened, link.losses(of: opened))
            case let command:
                guard let trainer else { throw .training(.refused("rank 0 did not say which run this is")) }
                exchanged = try follow(command, with: trainer, exchanged)
            }
        }
    }

    private func open(
        _ runFile: String,
        _ folder: String,
        _ dataset: [CheckpointFile]?
    ) throws(WorkerError) -> Trainer {
        let place = cache + "/" + folder + "/data"
        if let dataset { try link.share(dataset, in: place) }
        let communicator = HierarchicalCommunicator(inside: link.group, outside: nil)
        return try Trainer.make(runFile, dataset: dataset.map { _ in place }, communicator)
    }

    /// Does one command; answers the mean that waits to be applied.
    private func follow(
        _ command: ClusterCommand,
        with trainer: Trainer,
        _ exchanged: MeanReport?
    ) throws(WorkerError) -> MeanReport? {
        switch command {
        case .open, .finish: break
        case .startOver: trainer.startOver()
        case .begin: trainer.begin()
        case .accumulate(let first, let count):
            _ = try training { () throws(TrainingError) in
                try link.accumulate(first..<first + count, with: trainer)
            }
        case .exchange: return try exchange(with: trainer)
        case .apply(let count):
            guard let exchanged, exchanged.isComplete else {
                throw .training(.refused("rank 0 applies a mean that rank \(link.group.rank) does not have"))
            }
            try training { () throws(TrainingError) in
                let own = try trainer.apply(exchanged, globalSampleCount: count)
                _ = try losses?.complete(own, of: trainer, globalSampleCount: count)
            }
        case .restore(let files):
            try? FileManager.default.removeItem(atPath: states)
            try link.share(files, in: states)
            try trainer.restore(files, in: states)
            try? FileManager.default.removeItem(atPath: states)
        }
        return nil
    }

    private func exchange(with trainer: Trainer) throws(WorkerError) -> MeanReport? {
        do {
            return try trainer.exchange()
        } catch .communication(.outside) {
            // Rank 0 knows what to do about it and says so with its next command.
            return nil
        } catch {
            throw .training(error)
        }
    }

    private func training<Result>(_ body: () throws(TrainingError) -> Result) throws(WorkerError) -> Result {
        do {
            return try body()
        } catch {
            throw .training(error)
        }
    }
}
