public import Configs
import RealModule

/// Keeps the data and adds ever more noise: `alpha = 1`, `sigma` geometric in `t`.
///
/// `sigma = sigma_min (sigma_max / sigma_min)^t`. The EDM methods train and sample on this schedule.
///
/// Source: Song et al. 2021, equation 30 with `sigma` itself as standard deviation; bounds from Karras et al. 2022,
/// table 1.
public struct VarianceExploding: NoiseSchedule {
    /// `variance-exploding`.
    public static let name = "variance-exploding"
    /// The paper that proposed it.
    public static let reference = Reference(
        title: "Score-Based Generative Modeling through Stochastic Differential Equations",
        year: 2021,
        link: "arXiv:2011.13456",
        equations: "equation 30"
    )

    /// The least noise, more than 0.
    public var sigmaMin = 0.002
    /// The most noise, more than `sigma_min`.
    public var sigmaMax = 80.0

    /// The defaults.
    public init() {}

    /// Checks the order of the bounds.
    public func validate() throws(ConfigError) {
        try ConfigError.require(
            sigmaMin > 0 && sigmaMin.isFinite,
            "sigmaMin",
            found: sigmaMin,
            expected: "a number above 0"
        )
        try ConfigError.require(
            sigmaMax > sigmaMin && sigmaMax.isFinite,
            "sigmaMax",
            found: sigmaMax,
            expected: "a number above sigma_min"
        )
    }

    private var span: Double { .log(sigmaMax / sigmaMin) }

    /// 1.
    public func alpha(_ t: Double) -> Double { 1 }

    /// Geometric between the bounds.
    public func sigma(_ t: Double) -> Double { sigmaMin * .exp(span * t) }

    /// 0.
    public func alphaDerivative(_ t: Double) -> Double { 0 }

    /// `sigma` times the logarithm of the bounds' ratio.
    public func sigmaDerivative(_ t: Double) -> Double { span * sigma(t) }

    /// The place of `1 / sqrt(signalToNoise)` between the bounds, on a logarithmic scale.
    public func time(signalToNoise: Double) -> Double {
        (-.log(signalToNoise.squareRoot() * sigmaMin) / span).cutToUnitInterval
    }
}
