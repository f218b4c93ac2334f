/// Functions of one number.
public enum UnaryOperation: Sendable, Hashable {
    /// `-x`.
    case negate
    /// `e^x`.
    case exp
    /// The natural logarithm.
    case log
    /// The square root.
    case sqrt
    /// `1 / sqrt(x)`.
    case rsqrt
    /// `1 / x`.
    case reciprocal
    /// The sine of radians.
    case sin
    /// The cosine of radians.
    case cos
    /// The hyperbolic tangent.
    case tanh
    /// `1 / (1 + e^-x)`.
    case sigmoid
    /// `ln(1 + e^x)`, without overflow.
    case softplus
    /// The absolute value; the gradient at 0 is 0.
    case abs
    /// `x^2`.
    case square
    /// `max(x, 0)`; the gradient at 0 is 0.
    case relu
    /// `x * sigmoid(x)`.
    case silu
    /// `x * Phi(x)` with the normal distribution function Phi (Hendrycks and Gimpel, arXiv:1606.08415).
    case geluErf
    /// The same with `0.5 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)))` for Phi.
    case geluTanh
    /// `x` where positive, else `slope * x`.
    case leakyReLU(slope: Float)
    /// `x` to a fixed power.
    case power(Float)
    /// `min(max(x, low), high)`; the gradient is 1 from `low` to `high` inclusive and 0 outside.
    case clamp(low: Float, high: Float)
    /// `scale * x + offset`.
    case affine(scale: Float, offset: Float)

    /// Whether the gradient is computed from the result `y` and not from the input `x`.
    var gradientReadsResult: Bool {
        switch self {
        case .exp, .sqrt, .rsqrt, .reciprocal, .tanh, .sigmoid: true
        default: false
        }
    }
}

/// Functions of two numbers.
public enum BinaryOperation: Sendable, Hashable {
    /// `a + b`.
    case add
    /// `a - b`.
    case subtract
    /// `a * b`.
    case multiply
    /// `a / b`.
    case divide
    /// The larger of the two.
    case maximum
    /// The smaller of the two.
    case minimum
    /// 1 where a > b, 0.5 where a = b, else 0: the share of a in the gradient of a maximum.
    case greaterShare
}

/// What several numbers become.
public enum Reduction: Sendable, Hashable {
    /// Their sum; 0 for none.
    case sum
    /// Their mean.
    case mean
    /// The largest.
    case maximum
    /// The smallest.
    case minimum
}

/// An activation fused behind a normalisation.
public enum Activation: Sendable, Hashable {
    /// None.
    case identity
    /// `x * sigmoid(x)`.
    case silu
}

/// How images change resolution.
public enum Resampling: Sendable, Hashable {
    /// Each pixel becomes 2 x 2 equal ones.
    case nearestUp2
    /// Bilinear with pixel centres at half integers, edges repeated.
    case bilinearUp2
    /// The mean of 2 x 2 pixels.
    case averageDown2
}
