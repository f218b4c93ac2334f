public import Configs

/// A running average of the parameters.
public protocol WeightAverage: Method {
    /// The part of the old average that stays, in `[0, 1]`: `average = decay average + (1 - decay) parameters`.
    ///
    /// `progress` counts the step just taken, which saw `batch` samples.
    func decay(at progress: Progress, batch: Int) -> Double

    /// Whether the average is copied into the parameters after the step that took the run from `previous` to `samples` samples.
    ///
    /// The state of the optimiser is not touched by the copy.
    func copiesBack(from previous: UInt64, to samples: UInt64, of progress: Progress) -> Bool
}
