import Checkpoints
public import Communication
import Configs

/// The loop around a trainer: steps, reports, checkpoints and evaluations until the run is over or told to stop.
public final class TrainingRun {
    private let trainer: Trainer
    private let directory: RunDirectory?
    private let evaluator: Evaluator
    private let observers: [any TrainingObserver]
    private let group: any Communicator
    private var losses: GroupLoss

    /// Makes the loop.
    ///
    /// - Parameters:
    ///   - trainer: Takes the steps.
    ///   - directory: Where results go; nil for ranks that leave saving and judging to rank 0.
    ///   - group: The workers that save together; all of them run this loop with the same work.
    ///   - observers: Hear what happens.
    public init(
        _ trainer: Trainer,
        in directory: RunDirectory?,
        with group: any Communicator = SingleCommunicator(),
        observers: [any TrainingObserver]
    ) {
        self.trainer = trainer
        self.group = group
        losses = GroupLoss(group, every: trainer.recipe.config.report.every.rawValue)
        self.directory = directory
        self.observers = observers
        evaluator = Evaluator(trainer.recipe)
    }

    /// Takes steps until `source` has no more work, then saves.
    ///
    /// - Returns: Whether the run is over; false if it was told to stop before.
    /// - Throws: `TrainingError`; what was saved before stays.
    public func run(_ source: any WorkSource) throws(TrainingError) -> Bool {
        var saved = trainer.state.progress.samples
        if let choice = trainer.exchangeChoice {
            for observer in observers { observer.didChoose(choice, at: saved) }
        }
        while let work = try source.next() {
            let before = trainer.state.progress
            let own = try trainer.step(work)
            try source.complete(work, own)
            let report = try losses.complete(own, of: trainer, globalSampleCount: work.globalSampleCount)
            for observer in observers { observer.didStep(report) }
            if isDue(trainer.recipe.config.evaluation.every.rawValue, before) { try evaluate() }
            if isDue(trainer.recipe.config.checkpoint.every.rawValue, before) {
                try save()
                saved = trainer.state.progress.samples
            }
        }
        if saved != trainer.state.progress.samples { try save() }
        for observer in observers { observer.didFinish() }
        return trainer.state.progress.isFinished
    }

    private func isDue(_ every: UInt64, _ before: Progress) -> Bool {
        let now = trainer.state.progress
        return StepCadence(every: every).isDue(from: before.samples, to: now.samples, planned: now.plannedSamples)
    }

    private func save() throws(TrainingError) {
        guard directory != nil || group.size > 1 else { return }
        let checkpoint = try trainer.save(in: directory?.checkpoints, with: group)
        for observer in observers { observer.didSave(checkpoint) }
    }

    private func evaluate() throws(TrainingError) {
        let weights = try trainer.evaluatedWeights()
        guard let directory else { return }
        let state = trainer.state
        let name = "samples/\(CheckpointID(samples: state.progress.samples)).png"
        let sheet = try evaluator.sheet(of: weights)
        try RunDirectory.write(sheet, to: directory.path + "/" + name)
        var report = try evaluator.judge(weights, count: trainer.recipe.config.evaluation.count)
        report.samples = state.progress.samples
        report.sheet = name
        for observer in observers { observer.didEvaluate(report) }
    }
}
