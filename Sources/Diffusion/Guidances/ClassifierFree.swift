public import Buffers
public import Configs
public import Tensors

/// Goes beyond the conditional prediction, away from the unconditional one: `clean = u + weight (c - u)`.
///
/// Both predictions come from one pass over twice the rows. Weight 1, levels outside the interval, and data without
/// labels cost one ordinary pass. For every prediction kind this equals guiding the network's output itself.
///
/// Source: Ho and Salimans 2022, equation 6 with `weight = w + 1`; interval from Kynkäänniemi et al. 2024, equation 5.
public struct ClassifierFree: Guidance {
    /// `classifier-free`.
    public static let name = "classifier-free"
    /// The paper that proposed it.
    public static let reference = Reference(
        title: "Classifier-Free Diffusion Guidance",
        year: 2022,
        link: "arXiv:2207.12598",
        equations: "equation 6"
    )

    /// 0 ignores the condition, 1 is the plain conditional prediction, more follows the condition harder.
    public var weight = 1.5
    /// The least noise level that is guided, in `[0, 1]`.
    public var intervalStart = 0.0
    /// The largest noise level that is guided, in `[interval_start, 1]`.
    public var intervalEnd = 1.0

    /// The defaults.
    public init() {}

    /// Guidance of another weight.
    public init(weight: Double) {
        self.weight = weight
    }

    /// Checks the ranges.
    public func validate() throws(ConfigError) {
        try ConfigError.require(
            (0...1000).contains(weight),
            "weight",
            found: weight,
            expected: "a number from 0 to 1000"
        )
        try ConfigError.require(
            (0...1).contains(intervalStart),
            "intervalStart",
            found: intervalStart,
            expected: "a number from 0 to 1"
        )
        try ConfigError.require(
            intervalEnd >= intervalStart && intervalEnd <= 1,
            "intervalEnd",
            found: intervalEnd,
            expected: "a number from interval_start to 1"
        )
    }

    /// One pass over the rows with and without their condition.
    public func clean(
        _ x: Tensor,
        at t: Double,
        condition: Condition,
        _ predict: (_ x: Tensor, _ condition: Condition) -> Tensor
    ) -> Tensor {
        guard weight != 1, t >= intervalStart, t <= intervalEnd, let labels = condition.labels else {
            return predict(x, condition)
        }
        let dropped = [Int](repeating: Condition.dropped, count: labels.count)
        let both = predict(.concatenate([x, x], axis: 0), Condition(labels: labels + dropped))
        let halves = both.split(2, axis: 0)
        return halves[1] + (halves[0] - halves[1]) * Float(weight)
    }
}
