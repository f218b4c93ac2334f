public import Configs

/// Moves from slightly noised data to noise on a straight line: `alpha = 1 - t`, `sigma = sigma_min + (1 - sigma_min) t`.
///
/// With the prediction `path-velocity` the target is `(1 - sigma_min) noise - x_0`, that of flow matching.
///
/// Source: Lipman et al. 2022, equations 20 to 23; there time runs from noise to data.
public struct FlowMatchingSchedule: NoiseSchedule {
    /// `flow-matching`.
    public static let name = "flow-matching"
    /// The paper that proposed it.
    public static let reference = Reference(
        title: "Flow Matching for Generative Modeling",
        year: 2022,
        link: "arXiv:2210.02747",
        equations: "equations 20 to 23"
    )

    /// The noise that is left on data, in `[0, 0.02]`.
    public var sigmaMin = 1e-4

    /// The defaults.
    public init() {}

    /// Checks that little noise is left on data.
    public func validate() throws(ConfigError) {
        try ConfigError.require(
            (0...0.02).contains(sigmaMin),
            "sigmaMin",
            found: sigmaMin,
            expected: "a number from 0 to 0.02"
        )
    }

    /// `1 - t`.
    public func alpha(_ t: Double) -> Double { 1 - t }

    /// `sigma_min` at data, 1 at noise.
    public func sigma(_ t: Double) -> Double { sigmaMin + (1 - sigmaMin) * t }

    /// -1.
    public func alphaDerivative(_ t: Double) -> Double { -1 }

    /// `1 - sigma_min`.
    public func sigmaDerivative(_ t: Double) -> Double { 1 - sigmaMin }

    /// `1 - 1 / (q + 1 - sigma_min)` of the noise ratio `q`.
    public func time(signalToNoise: Double) -> Double {
        let ratio = 1 / signalToNoise.squareRoot()
        return (1 - 1 / (ratio + 1 - sigmaMin)).cutToUnitInterval
    }
}
