public import Configs

/// How the values of several members become one: a weighted mean or a robust replacement for it.
public protocol Aggregator: Method {
    /// Combines the parts of all contributors, which stand one after another in `parts` in the order of their ranks.
    ///
    /// `parts.count` is `weights.count * result.count`; all parts are finite, all weights are above 0, and there is at least one. The
    /// result depends on nothing else, so that every machine that combines the same parts gets the same bits.
    func combine(_ parts: Span<Float>, weights: Span<Float>, into result: inout MutableSpan<Float>)
}
