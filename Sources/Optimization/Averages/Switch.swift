public import Configs

/// An exponential average that is copied into the parameters every so many samples, so that training goes on from it.
///
/// After each step `average = decay average + (1 - decay) parameters`; whenever the samples pass a multiple of `every` beyond `start`,
/// `parameters = average`. The optimiser's state stays.
///
/// Source: Li et al. 2024, "Switch EMA", arXiv:2402.09240.
public struct Switch: WeightAverage {
    /// The word in run files.
    public static let name = "switch"
    /// Where the average is described.
    public static let reference = Reference(
        title: "Switch EMA: A Free Lunch for Better Flatness and Sharpness",
        year: 2024,
        link: "arXiv:2402.09240"
    )

    /// The part of the average that stays at each step, in `[0, 1)`; keep `1 / (1 - decay)` steps shorter than `every`.
    public var decay = 0.9
    /// Samples from one copy to the next, more than 0; usually one pass over the data.
    public var every: SampleCount = 8192
    /// Samples before which nothing is copied.
    public var start: SampleCount = 0

    /// The average with its defaults.
    public init() {}

    /// Checks the ranges.
    public func validate() throws(ConfigError) {
        try ConfigError.require(decay >= 0 && decay < 1, "decay", found: decay, expected: "in [0, 1)")
        try ConfigError.require(every > 0, "every", found: every, expected: "more than 0 samples")
    }

    /// The same at every step.
    public func decay(at progress: Progress, batch: Int) -> Double { decay }

    /// Whether a multiple of `every` that is greater than `start` lies in `previous + 1 ... samples`.
    public func copiesBack(from previous: UInt64, to samples: UInt64, of progress: Progress) -> Bool {
        let latest = samples / every.rawValue
        return latest > previous / every.rawValue && latest * every.rawValue > start.rawValue
    }
}
