public import Configs
import RealModule

/// The schedule of DDPM: the variance added per step grows linearly, here read at every real index.
///
/// Index `i` of the paper (from 0) is `t = i / steps`. There `alpha^2` is the product of `1 - beta_j` over `j = 0...i`;
/// between the indices its logarithm is the Euler-Maclaurin sum of `ln(1 - beta)`, which is smooth and meets the
/// product to rounding.
///
/// Source: Ho et al. 2020, section 4 and equation 4.
public struct LinearSchedule: NoiseSchedule {
    /// `linear`.
    public static let name = "linear"
    /// The paper that proposed it.
    public static let reference = Reference(
        title: "Denoising Diffusion Probabilistic Models",
        year: 2020,
        link: "arXiv:2006.11239",
        equations: "equation 4, section 4"
    )

    /// The variance added by the first step, in `(0, 1)`.
    public var betaStart = 1e-4
    /// The variance added by the last step, in `[beta_start, 1)`.
    public var betaEnd = 0.02
    /// The number of steps from data to noise, 10 to 1000000.
    public var steps = 1000

    /// The defaults.
    public init() {}

    /// Checks that the variances rise and stay below 1.
    public func validate() throws(ConfigError) {
        try ConfigError.require(
            (10...1_000_000).contains(steps),
            "steps",
            found: steps,
            expected: "a whole number from 10 to 1000000"
        )
        try ConfigError.require(
            betaStart > 0 && betaStart < 1,
            "betaStart",
            found: betaStart,
            expected: "a number between 0 and 1"
        )
        try ConfigError.require(
            betaEnd >= betaStart && betaEnd + slope < 1,
            "betaEnd",
            found: betaEnd,
            expected: "a number from beta_start to below 1"
        )
    }

    private var slope: Double { (betaEnd - betaStart) / Double(steps - 1) }

    /// The logarithm of `alpha^2` and its derivative by `t`.
    private func logarithm(_ t: Double) -> (value: Double, derivative: Double) {
        let index = t * Double(steps)
        let (b, first, last) = (slope, 1 - betaStart, 1 - betaStart - slope * index)
        let (c, d) = (b / first, b / last)
        // The derivatives of ln(1 - beta) by the index are -d, -d^2, -2 d^3, -6 d^4.
        let correction = (c - d) / 12 - (c * c * c - d * d * d) / 360
        let ends = (.log(onePlus: -betaStart) + .log(onePlus: -betaStart - b * index)) / 2
        let integral =
            b > 1e-12
            ? (Self.rest(betaStart) - Self.rest(betaStart + b * index)) / b
            : index * ends
        let rate = .log(onePlus: -betaStart - b * index) - d / 2 - d * d / 12 + d * d * d * d / 120
        return (integral + ends + correction, rate * Double(steps))
    }

    /// `(1 - beta) ln(1 - beta) + beta`, whose derivative by `beta` is `-ln(1 - beta)`.
    private static func rest(_ beta: Double) -> Double {
        (1 - beta) * .log(onePlus: -beta) + beta
    }

    /// The square root of the product of `1 - beta`.
    public func alpha(_ t: Double) -> Double { .exp(logarithm(t).value / 2) }

    /// The root of `1 - alpha^2`.
    public func sigma(_ t: Double) -> Double { (-Double.expMinusOne(logarithm(t).value)).squareRoot() }

    /// The derivative of `alpha`.
    public func alphaDerivative(_ t: Double) -> Double {
        let (value, derivative) = logarithm(t)
        return .exp(value / 2) * derivative / 2
    }

    /// The derivative of `sigma`, from `alpha^2 + sigma^2 = 1`.
    public func sigmaDerivative(_ t: Double) -> Double {
        -alpha(t) * alphaDerivative(t) / sigma(t)
    }

    /// Found by bisection, to rounding.
    public func time(signalToNoise: Double) -> Double {
        guard signalToNoise < self.signalToNoise(0) else { return 0 }
        guard signalToNoise > self.signalToNoise(1) else { return 1 }
        var (low, high) = (0.0, 1.0)
        // Each round halves the interval; after 60 its ends are neighbours among the doubles of this size.
        for _ in 0..<60 {
            let middle = (low + high) / 2
            if self.signalToNoise(middle) > signalToNoise {
                low = middle
            } else {
                high = middle
            }
        }
        return (low + high) / 2
    }
}
