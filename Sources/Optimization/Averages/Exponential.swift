public import Configs
import RealModule

/// An average in which a past step counts half as much after every `halfLife` samples.
///
/// `decay = 2^(-batch / h)` with `h = min(halfLife, ramp s)`, where s is the number of samples before the step: early on the average
/// follows quickly and forgets the random start.
///
/// Source: Karras et al. 2022, arXiv:2206.00364, appendix F, and the authors' training code for the ramp.
public struct Exponential: WeightAverage {
    /// The word in run files.
    public static let name = "exponential"
    /// Where the average is described.
    public static let reference = Reference(
        title: "Elucidating the Design Space of Diffusion-Based Generative Models",
        year: 2022,
        link: "arXiv:2206.00364",
        equations: "appendix F"
    )

    /// Samples after which a step counts half, more than 0.
    public var halfLife: SampleCount = 65_536
    /// The longest half-life as a part of the samples seen so far, at least 0; 0 uses `halfLife` from the start.
    public var ramp = 0.05

    /// The average with its defaults.
    public init() {}

    /// Checks the ranges.
    public func validate() throws(ConfigError) {
        try ConfigError.require(halfLife > 0, "halfLife", found: halfLife, expected: "more than 0 samples")
        try ConfigError.require(ramp >= 0 && ramp.isFinite, "ramp", found: ramp, expected: "at least 0")
    }

    /// The decay of one step.
    public func decay(at progress: Progress, batch: Int) -> Double {
        let before = progress.samples - min(progress.samples, UInt64(batch))
        let longest = ramp > 0 ? ramp * Double(before) : .infinity
        let life = min(Double(halfLife.rawValue), longest)
        return life > 0 ? Double.exp2(-Double(batch) / life) : 0
    }

    /// Never.
    public func copiesBack(from previous: UInt64, to samples: UInt64, of progress: Progress) -> Bool { false }
}
