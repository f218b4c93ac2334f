import Buffers

/// The two forms of the Gaussian error linear unit (Hendrycks and Gimpel, arXiv:1606.08415).
public enum GELUKind: Sendable, Hashable {
    /// With the error function.
    case erf
    /// With the approximation by a hyperbolic tangent.
    case tanh
}

extension Tensor {
    /// `max(x, 0)`.
    public func relu() -> Tensor { unary(.relu) }

    /// `x` where positive, else `slope * x`.
    public func leakyReLU(slope: Float = 0.2) -> Tensor { unary(.leakyReLU(slope: slope)) }

    /// `x * sigmoid(x)`.
    public func silu() -> Tensor { unary(.silu) }

    /// `x * Phi(x)` with the normal distribution function Phi.
    public func gelu(_ kind: GELUKind = .erf) -> Tensor { unary(kind == .erf ? .geluErf : .geluTanh) }

    /// The first half of the last axis times the GELU of the second half (Shazeer, arXiv:2002.05202).
    public func geglu() -> Tensor {
        let halves = split(2, axis: -1)
        return halves[0] * halves[1].gelu()
    }
}
