/// A number of noise levels that grows over a run.
///
/// `N = ceil(sqrt(f ((end + 1)^2 - start^2) + start^2) - 1) + 1` at the part `f` of the run's samples: from `start` to
/// `end + 1`.
///
/// Source: Song et al. 2023, arXiv:2303.01469, appendix C.
public struct LevelGrowth: Configurable, Hashable {
    /// The number at the start, from 2 (`s_0`).
    public var start = 2
    /// One less than the number at the end, from `start` (`s_1`).
    public var end = 150

    /// The defaults.
    public init() {}

    /// Checks the range and the order.
    public func validate() throws(ConfigError) {
        try ConfigError.require(start >= 2, "start", found: start, expected: "a whole number of at least 2")
        try ConfigError.require(
            (start...max(start, 1_000_000)).contains(end),
            "end",
            found: end,
            expected: "a whole number from start to 1000000"
        )
    }

    /// The number at a progress, from `start` to `end + 1`.
    public func count(at progress: Progress) -> Int {
        let (first, last) = (Double(start * start), Double((end + 1) * (end + 1)))
        let root = (progress.fraction * (last - first) + first).squareRoot()
        return Int((root - 1).rounded(.up)) + 1
    }
}
