public import Buffers
public import Configs

/// Noise of a uniform direction whose squared length follows a beta-prime distribution, as electric field lines in `N + D`
/// dimensions ask for.
///
/// With `b ~ Beta(N / 2, D / 2)` the length is `R = sqrt(D b / (1 - b))`, `N` the numbers of a sample and `D` the
/// `dimensions` added; `sigma R` is the paper's radius for `r = sigma sqrt(D)`. Few dimensions have heavy tails, many
/// approach white noise. The draw divides normal numbers by the root of a chi-square one, which is the same law. As in
/// the authors' code `b` is cut to at most 0.999; their cut from below would forbid the limit of many dimensions.
///
/// Source: Xu et al. 2023, section 3 and appendix B.
public struct BetaPrimeNoise: NoiseLaw {
    /// `beta-prime`.
    public static let name = "beta-prime"
    /// The paper that proposed it.
    public static let reference = Reference(
        title: "PFGM++: Unlocking the Potential of Physics-Inspired Generative Models",
        year: 2023,
        link: "arXiv:2302.04265",
        equations: "section 3"
    )

    /// How many dimensions are added, from 1 to 10^9.
    public var dimensions = 128.0

    /// The largest `b`.
    private static let largestShare = 0.999

    /// The defaults.
    public init() {}

    /// Checks the range.
    public func validate() throws(ConfigError) {
        try ConfigError.require(
            (1...1e9).contains(dimensions),
            "dimensions",
            found: dimensions,
            expected: "a number from 1 to 1e9"
        )
    }

    /// No.
    public var isGaussian: Bool { false }

    /// `D / (D - 2)`; infinite for up to two dimensions.
    public var variance: Double { dimensions > 2 ? dimensions / (dimensions - 2) : .infinity }

    /// Normal numbers over the root of their sample's chi-square number a dimension.
    public func draw(_ shape: Shape, using random: inout RandomStream) -> TensorData {
        let normal = random.normal(shape).floats
        let square = normal.reduce(0.0) { $0 + Double($1) * Double($1) }
        let drawn = 2 * random.gamma(shape: dimensions / 2)
        // b = square / (square + chi), so that a bound on b is one on chi from below.
        let chi = max(drawn, square * (1 - Self.largestShare) / Self.largestShare)
        guard chi > 0 else { return TensorData.zeros(shape) }
        let factor = Float((dimensions / chi).squareRoot())
        return TensorData(normal.map { $0 * factor }, shape: shape)
    }
}
