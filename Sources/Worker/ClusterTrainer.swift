import Checkpoints
import Communication
import Coordination
import Training

/// All ranks of a cluster as one trainer: rank 0 holds this, tells the others what to do, and does its own part.
///
/// Every rank computes its slice of a lease; the ranks average inside, then rank 0 exchanges with the other peers for all.
final class ClusterTrainer: RoundTrainer {
    var recipe: Recipe { trainer.recipe }
    var state: TrainState { trainer.state }
    var exchangeChoice: ExchangeChoice? { trainer.exchangeChoice }

    private let trainer: Trainer
    private let link: ClusterLink
    private var losses: GroupLoss

    /// Makes the trainers of all ranks; `dataset` are the shards that the coordinator serves, which lie in rank 0's `folder` already.
    ///
    /// - Parameters:
    ///   - runFile: The text of the coordinator's run file.
    ///   - folder: The run's place in a rank's cache.
    ///   - cache: Rank 0's cache.
    ///   - dataset: The shards, if the coordinator serves any.
    ///   - link: The ranks.
    ///   - outside: Rank 0's member of the rounds.
    /// - Throws: What is wrong with the run, its data or the ranks.
    init(
        _ runFile: String,
        folder: String,
        cache: String,
        dataset: [Coordination.CheckpointFile]?,
        _ link: ClusterLink,
        outside: any Communicator
    ) throws(WorkerError) {
        self.link = link
        let place = cache + "/" + folder + "/data"
        do throws(TrainingError) {
            try link.tell(.open(runFile: runFile, folder: folder, dataset: dataset))
        } catch {
            throw .training(error)
        }
        if let dataset { try link.share(dataset, in: place) }
        // All ranks make their trainers at the same time, because memory that they share is made by all of them.
        let communicator = HierarchicalCommunicator(inside: link.group, outside: outside)
        trainer = try Trainer.make(runFile, dataset: dataset.map { _ in place }, communicator)
        losses = link.losses(of: trainer)
    }

    func startOver() throws(TrainingError) {
        try link.tell(.startOver)
        trainer.startOver()
    }

    func begin() throws(TrainingError) {
        try link.tell(.begin)
        trainer.begin()
    }

    func accumulate(_ range: Range<UInt64>) throws(TrainingError) -> Double {
        try link.tell(.accumulate(first: range.lowerBound, count: UInt64(range.count)))
        return try link.accumulate(range, with: trainer)
    }

    func exchange() throws(TrainingError) -> MeanReport {
        try link.tell(.exchange)
        return try trainer.exchange()
    }

    func apply(_ exchanged: MeanReport, globalSampleCount: Int) throws(TrainingError) -> StepReport {
        try link.tell(.apply(count: globalSampleCount))
        let own = try trainer.apply(exchanged, globalSampleCount: globalSampleCount)
        return try losses.complete(own, of: trainer, globalSampleCount: globalSampleCount)
    }

    func restore(_ files: [Coordination.CheckpointFile], in folder: String) throws(WorkerError) {
        do throws(TrainingError) {
            try link.tell(.restore(files))
        } catch {
            throw .training(error)
        }
        try link.share(files, in: folder)
        try trainer.restore(files, in: folder)
    }

    /// Rank 0 holds everything that is saved.
    func save(in store: CheckpointStore) throws(TrainingError) -> CheckpointID {
        try trainer.save(in: store)
    }
}
