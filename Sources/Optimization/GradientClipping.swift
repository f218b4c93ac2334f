public import Buffers
public import Configs

/// Scales a gradient down so that its norm over all parameters stays below a bound.
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

    /// Clips in place and answers the norm before it; a norm that is not finite changes nothing.
    @discardableResult
    public func apply(_ gradients: FlatBuffer) -> Double {
        let norm = gradients.squaredNorm.squareRoot()
        if maximumNorm > 0, norm.isFinite, norm > maximumNorm {
            gradients.scale(by: Float(maximumNorm / norm))
        }
        return norm
    }
}
