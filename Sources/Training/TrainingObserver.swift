public import Checkpoints
public import Communication

/// Sees what a run does and cannot change it; called on the trainer's thread.
public protocol TrainingObserver: AnyObject {
    /// The ranks of a cluster have found how to exchange; the run stands at so many samples.
    func didChoose(_ exchange: ExchangeChoice, at samples: UInt64)
    /// A step is done.
    func didStep(_ report: StepReport)
    /// A checkpoint is on disk.
    func didSave(_ checkpoint: CheckpointID)
    /// Samples were drawn and judged.
    func didEvaluate(_ evaluation: EvaluationReport)
    /// The run ended or was stopped.
    func didFinish()
}
