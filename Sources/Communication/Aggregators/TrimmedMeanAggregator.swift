public import Configs

/// The mean of the members' values without the smallest and the largest ones, one number at a time.
///
/// Of n members the `floor(fraction n)` smallest and as many largest values are left out. Weights are not used: a member cannot gain
/// influence by claiming many samples.
///
/// Source: Yin et al. 2018, arXiv:1803.01498, definition 2.
public struct TrimmedMeanAggregator: Aggregator {
    /// `trimmed-mean`.
    public static let name = "trimmed-mean"
    /// Where the coordinate-wise trimmed mean is analysed.
    public static let reference = Reference(
        title: "Byzantine-Robust Distributed Learning: Towards Optimal Statistical Rates",
        year: 2018,
        link: "arXiv:1803.01498",
        equations: "definition 2"
    )

    /// The fraction of members left out at each end, in `[0, 0.5)`.
    public var fraction: Double

    /// The mean without a fifth of the members at each end.
    public init() { self.init(fraction: 0.2) }

    /// The mean without a fraction of the members at each end.
    public init(fraction: Double) {
        self.fraction = fraction
    }

    /// Refuses fractions that leave nothing.
    public func validate() throws(ConfigError) {
        guard fraction >= 0, fraction < 0.5 else {
            throw .outOfRange("fraction", found: fraction, expected: "at least 0 and less than 0.5")
        }
    }

    /// Adds the middle of the sorted values of all members and divides by their count.
    public func combine(_ parts: Span<Float>, weights: Span<Float>, into result: inout MutableSpan<Float>) {
        let members = weights.count
        let trimmed = min(Int(fraction * Double(members)), (members - 1) / 2)
        combineSorted(parts, members: members, into: &result) { sorted in
            var sum: Float = 0
            for place in trimmed..<(members - trimmed) { sum += sorted[place] }
            return sum / Float(members - 2 * trimmed)
        }
    }
}
