public import Configs
import RealModule

/// Moves from data to noise along a quarter circle at constant speed.
///
/// `alpha = cos(angle)`, `sigma = sin(angle)`, `angle = pi/2 * (offset + t (1 - end_offset)) / (1 + offset)`. With
/// `end_offset = 0` this is the schedule of the paper without its division by the value at 0 (which would make the
/// derivative of `sigma` infinite there). The paper cuts single steps at `beta = 0.999` instead of using an end offset.
///
/// Source: Nichol and Dhariwal 2021, equation 17.
public struct CosineSchedule: NoiseSchedule {
    /// `cosine`.
    public static let name = "cosine"
    /// The paper that proposed it.
    public static let reference = Reference(
        title: "Improved Denoising Diffusion Probabilistic Models",
        year: 2021,
        link: "arXiv:2102.09672",
        equations: "equation 17"
    )

    /// How far from pure data the schedule starts, in `[0, 0.5]`.
    public var offset = 0.008
    /// How far from pure noise the schedule ends, in `[0, 0.5]`; 0.004 leaves as much signal as the linear schedule.
    public var endOffset = 0.004

    /// The defaults.
    public init() {}

    /// Checks the ranges of the offsets.
    public func validate() throws(ConfigError) {
        try ConfigError.require(
            (0...0.5).contains(offset),
            "offset",
            found: offset,
            expected: "a number from 0 to 0.5"
        )
        try ConfigError.require(
            (0...0.5).contains(endOffset),
            "endOffset",
            found: endOffset,
            expected: "a number from 0 to 0.5"
        )
    }

    private var speed: Double { .pi / 2 * (1 - endOffset) / (1 + offset) }
    private var start: Double { .pi / 2 * offset / (1 + offset) }

    private func angle(_ t: Double) -> Double { start + speed * t }

    /// The cosine of the angle.
    public func alpha(_ t: Double) -> Double {
        // The sine of the rest of the quarter circle is exactly 0 at its end.
        .sin(.pi / 2 * (1 - t * (1 - endOffset)) / (1 + offset))
    }

    /// The sine of the angle.
    public func sigma(_ t: Double) -> Double { .sin(angle(t)) }

    /// Minus the sine of the angle times the angle's speed.
    public func alphaDerivative(_ t: Double) -> Double { -speed * .sin(angle(t)) }

    /// The cosine of the angle times the angle's speed.
    public func sigmaDerivative(_ t: Double) -> Double { speed * alpha(t) }

    /// The place of the angle whose tangent is the noise ratio.
    public func time(signalToNoise: Double) -> Double {
        ((.atan2(y: 1, x: signalToNoise.squareRoot()) - start) / speed).cutToUnitInterval
    }
}
