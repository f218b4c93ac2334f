public import Configs

/// Moves from data to noise on a straight line: `alpha = 1 - t`, `sigma = t`.
///
/// Source: Liu et al. 2022, equation 1, and Lipman et al. 2022, both with the direction of time turned round.
public struct RectifiedFlow: NoiseSchedule {
    /// `rectified-flow`.
    public static let name = "rectified-flow"
    /// The paper that proposed it.
    public static let reference = Reference(
        title: "Flow Straight and Fast: Learning to Generate and Transfer Data with Rectified Flow",
        year: 2022,
        link: "arXiv:2209.03003",
        equations: "equation 1"
    )

    /// The only one.
    public init() {}

    /// There is nothing to check.
    public func validate() throws(ConfigError) {}

    /// `1 - t`.
    public func alpha(_ t: Double) -> Double { 1 - t }

    /// `t`.
    public func sigma(_ t: Double) -> Double { t }

    /// -1.
    public func alphaDerivative(_ t: Double) -> Double { -1 }

    /// 1.
    public func sigmaDerivative(_ t: Double) -> Double { 1 }

    /// `1 / (1 + alpha / sigma)`.
    public func time(signalToNoise: Double) -> Double { 1 / (1 + signalToNoise.squareRoot()) }
}
