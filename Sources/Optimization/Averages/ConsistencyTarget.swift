public import Configs
import RealModule

/// The average that is the target of consistency training: it follows faster while there are few noise levels.
///
/// After the step that was taken with N levels `decay = exp(s_0 ln(mu_0) / n)`, where `s_0` is the number of levels at
/// the start and n is N (the paper) or the `N - 1` intervals between them (the authors' code).
///
/// Source: Song et al. 2023, arXiv:2303.01469, appendix C.
public struct ConsistencyTarget: WeightAverage {
    /// What the logarithm of the first decay is divided by.
    public enum Division: String, Codable, Sendable, CaseIterable {
        /// The number of levels N.
        case levels
        /// One less.
        case intervals
    }

    /// The word in run files.
    public static let name = "consistency-target"
    /// Where the average is described.
    public static let reference = Reference(
        title: "Consistency Models",
        year: 2023,
        link: "arXiv:2303.01469",
        equations: "appendix C"
    )

    /// The decay at the start of the run, in `(0, 1)` (`mu_0`).
    public var decay = 0.9
    /// How many levels there are: what the objective says.
    public var levels = LevelGrowth()
    /// What the logarithm of `decay` is divided by, with `levels.start` as its factor.
    public var divideBy = Division.levels

    /// The average with its defaults.
    public init() {}

    /// Checks the range.
    public func validate() throws(ConfigError) {
        try ConfigError.require(decay > 0 && decay < 1, "decay", found: decay, expected: "in (0, 1)")
    }

    /// The decay of one step.
    public func decay(at progress: Progress, batch: Int) -> Double {
        var before = progress
        before.samples -= min(progress.samples, UInt64(batch))
        let count = levels.count(at: before)
        return .exp(Double(levels.start) * .log(decay) / Double(divideBy == .levels ? count : count - 1))
    }

    /// Never.
    public func copiesBack(from previous: UInt64, to samples: UInt64, of progress: Progress) -> Bool { false }
}
