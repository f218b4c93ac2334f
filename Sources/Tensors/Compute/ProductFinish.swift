public import Buffers

/// What becomes of the result C `[m, n]` of a matrix product before it is written, in this order; all nil: nothing.
///
/// It saves passes over memory: the numbers are still in registers.
public struct ProductFinish: Sendable {
    /// The activations that a product can end with.
    public enum Activation: Sendable, Hashable, CaseIterable {
        /// `max(x, 0)`.
        case relu
        /// `x * sigmoid(x)`.
        case silu
        /// `x * Phi(x)`.
        case geluErf
        /// The same with the approximation of Phi by a hyperbolic tangent.
        case geluTanh

        /// The same as an operation of its own.
        public var operation: UnaryOperation {
            switch self {
            case .relu: .relu
            case .silu: .silu
            case .geluErf: .geluErf
            case .geluTanh: .geluTanh
            }
        }
    }

    /// `[n]`, added to each row.
    public var bias: Region?
    /// Receives `[m, n]`, the numbers that the activation is applied to.
    public var inner: Region?
    /// Applied to each number.
    public var activation: Activation?
    /// `[m, n]`: each number is multiplied with the derivative there of `slope`.
    public var slopeAt: Region?
    /// The activation whose derivative is meant.
    public var slope = Activation.relu
    /// `[m, n]`, added last.
    public var residual: Region?

    /// Nothing.
    public init() {}

    /// Only a bias.
    public init(bias: Region?) {
        self.bias = bias
    }

    /// Whether nothing is to be done.
    public var isEmpty: Bool {
        bias == nil && inner == nil && activation == nil && slopeAt == nil && residual == nil
    }
}
