public import Configs

/// How much data and how much noise there is at each noise level: `x_t = alpha(t) x_0 + sigma(t) noise`.
///
/// `t` is in `[0, 1]`; 0 is data, 1 is noise. The ratio `alpha / sigma` falls strictly with `t`. All coefficients are
/// in double precision.
public protocol NoiseSchedule: Method {
    /// The factor of the data, in `[0, 1]`.
    func alpha(_ t: Double) -> Double

    /// The standard deviation of the noise, at least 0.
    func sigma(_ t: Double) -> Double

    /// The derivative of `alpha` by `t`.
    func alphaDerivative(_ t: Double) -> Double

    /// The derivative of `sigma` by `t`.
    func sigmaDerivative(_ t: Double) -> Double

    /// The noise level with the ratio `alpha^2 / sigma^2`, cut to `[0, 1]` where the schedule does not reach it.
    func time(signalToNoise: Double) -> Double
}

extension NoiseSchedule {
    /// The signal-to-noise ratio `alpha^2 / sigma^2`; infinite where there is no noise.
    public func signalToNoise(_ t: Double) -> Double {
        let ratio = alpha(t) / sigma(t)
        return ratio * ratio
    }

    /// The noise of the image scaled back to full signal, `sigma / alpha`; infinite where nothing is left of the data.
    public func noiseRatio(_ t: Double) -> Double {
        sigma(t) / alpha(t)
    }

    /// The noise level with `sigma / alpha = ratio`, cut to `[0, 1]`.
    public func time(noiseRatio ratio: Double) -> Double {
        time(signalToNoise: 1 / (ratio * ratio))
    }

    /// Whether something of the data is left at full noise, so that the noise alone determines it.
    public var keepsSignal: Bool { alpha(1) >= 1e-4 }
}

extension Double {
    /// The nearest number in `[0, 1]`.
    var cutToUnitInterval: Double { Swift.min(1, Swift.max(0, self)) }
}
