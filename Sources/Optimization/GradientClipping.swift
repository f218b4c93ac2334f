public import Buffers
public import Configs

/// Finds the factor that keeps the norm of a gradient over all parameters below a bound.
///
/// It comes after the mean over all workers, so that any number of workers does the same thing on the same batch.
///
/// Source: Pascanu et al. 2013, arXiv:1211.5063, algorithm 1.
public struct GradientClipping: Configurable {
    /// The largest norm that is left as it is; 0 clips nothing.
    public var maximumNorm = 1.0

    /// Clipping at norm 1.
    public init() {}

    /// Checks the range.
    public func validate() throws(ConfigError) {
        try ConfigError.require(
            maximumNorm >= 0 && maximumNorm.isFinite,
            "maximumNorm",
            found: maximumNorm,
            expected: "at least 0"
        )
    }

    /// The norm of a gradient and the factor that clips it: 1 if it is short enough, and for a norm that is not finite.
    public func measure(_ gradients: FlatBuffer) -> (norm: Double, factor: Float) {
        measure(squaredNorm: gradients.squaredNorm)
    }

    /// The same for a gradient of which only the sum of squares is known, because several workers hold parts of it.
    public func measure(squaredNorm: Double) -> (norm: Double, factor: Float) {
        let norm = squaredNorm.squareRoot()
        guard maximumNorm > 0, norm.isFinite, norm > maximumNorm else { return (norm, 1) }
        return (norm, Float(maximumNorm / norm))
    }
}
