public import Configs

/// How the learning rate changes over a run.
public protocol LearningRateSchedule: Method {
    /// The factor on the optimiser's base rate, in `[0, 1]`, before the step that starts at `progress`.
    func multiplier(at progress: Progress) -> Double
}
