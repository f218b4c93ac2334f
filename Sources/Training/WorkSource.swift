/// Tells a trainer what to compute next; called on the trainer's thread.
public protocol WorkSource: AnyObject {
    /// The next step's work; blocks until it is known. Nil: the run is over, or was told to stop.
    func next() throws(TrainingError) -> Work?
    /// The step is done.
    func complete(_ work: Work, _ report: StepReport) throws(TrainingError)
}
