import Checkpoints
import Communication
import Configs
import Coordination
import Datasets
import Training

/// What takes the steps of a volunteer's rounds: one trainer, or all ranks of a cluster together.
protocol RoundTrainer: AnyObject {
    /// The run that is trained.
    var recipe: Recipe { get }
    /// What this process holds of the state.
    var state: TrainState { get }
    /// How the ranks of a cluster exchange; nil for one process.
    var exchangeChoice: ExchangeChoice? { get }
    /// Goes back to the start of the run.
    func startOver() throws(TrainingError)
    /// Starts a step, or starts it again: nothing is accumulated yet.
    func begin() throws(TrainingError)
    /// Adds the gradients of a range of samples; the mean loss, not finite if that or the gradient is not.
    func accumulate(_ range: Range<UInt64>) throws(TrainingError) -> Double
    /// Forms the mean over all who take part in the round.
    func exchange() throws(TrainingError) -> MeanReport
    /// Updates the state with the mean.
    func apply(_ exchanged: MeanReport, globalSampleCount: Int) throws(TrainingError) -> StepReport
    /// Takes over the checkpoint in a folder, which holds these files.
    func restore(_ files: [Coordination.CheckpointFile], in folder: String) throws(WorkerError)
    /// Writes the state as a checkpoint.
    func save(in store: CheckpointStore) throws(TrainingError) -> CheckpointID
}

extension Trainer: RoundTrainer {
    func restore(_ files: [Coordination.CheckpointFile], in folder: String) throws(WorkerError) {
        do {
            try restore(CheckpointReader(path: folder))
        } catch {
            throw .training(.checkpoint(error))
        }
    }
}

extension Trainer {
    /// Makes the trainer of one process of a coordinator's run; `dataset` is the folder of shards that the coordinator serves.
    static func make(
        _ runFile: String,
        dataset: String?,
        _ communicator: any Communicator
    ) throws(WorkerError) -> Trainer {
        var run = try RunConfig.coordinators(runFile)
        if let dataset {
            var source = ShardDirectory()
            source.path = dataset
            run.data = source
        }
        do {
            return try Trainer(Recipe(run), communicator: communicator)
        } catch {
            throw .training(error)
        }
    }
}

extension RunConfig {
    /// The run file that a coordinator gave, if volunteers can run it.
    static func coordinators(_ text: String) throws(WorkerError) -> RunConfig {
        do {
            let run = try RunConfig(parsing: text, file: "the coordinator's run file")
            // Whoever joins loads the state of one member, and whoever goes takes nothing along.
            try run.validateForVolunteers()
            return run
        } catch {
            throw .training(.config(error))
        }
    }
}
