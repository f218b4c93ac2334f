public import Configs

/// The median of the members' values, one number at a time; the mean of the two middle ones for an even count.
///
/// Weights are not used: a member cannot gain influence by claiming many samples.
///
/// Source: Yin et al. 2018, arXiv:1803.01498, definition 1.
public struct MedianAggregator: Aggregator {
    /// `median`.
    public static let name = "median"
    /// Where the coordinate-wise median is analysed.
    public static let reference = Reference(
        title: "Byzantine-Robust Distributed Learning: Towards Optimal Statistical Rates",
        year: 2018,
        link: "arXiv:1803.01498",
        equations: "definition 1"
    )

    /// The median; it has no settings.
    public init() {}

    /// Nothing to check.
    public func validate() throws(ConfigError) {}

    /// Takes the middle of the sorted values of all members.
    public func combine(_ parts: Span<Float>, weights: Span<Float>, into result: inout MutableSpan<Float>) {
        let members = weights.count
        combineSorted(parts, members: members, into: &result) { sorted in
            let upper = sorted[members / 2]
            guard members.isMultiple(of: 2) else { return upper }
            return (sorted[members / 2 - 1] + upper) / 2
        }
    }
}

/// Applies a statistic of the sorted values of all members to every number.
func combineSorted(
    _ parts: Span<Float>,
    members: Int,
    into result: inout MutableSpan<Float>,
    _ statistic: (UnsafeMutableBufferPointer<Float>) -> Float
) {
    let count = result.count
    precondition(parts.count == members * count && members > 0, "\(parts.count) values of \(members) members")
    withUnsafeTemporaryAllocation(of: Float.self, capacity: members) { sorted in
        for index in 0..<count {
            // Groups are small, so insertion beats any cleverer sort.
            for member in 0..<members {
                let value = parts[member * count + index]
                var place = member
                while place > 0, sorted[place - 1] > value {
                    sorted[place] = sorted[place - 1]
                    place -= 1
                }
                sorted[place] = value
            }
            result[index] = statistic(sorted)
        }
    }
}
