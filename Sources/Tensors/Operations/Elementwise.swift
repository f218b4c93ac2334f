import Buffers

extension Tensor {
    /// `op(x)`, element by element.
    func unary(_ operation: UnaryOperation) -> Tensor {
        let y = data.unary(operation)
        let (x, readsResult) = (data, operation.gradientReadsResult)
        let kept = readsResult ? y : x
        let remade = readsResult ? nil : RemadeData { x.unary(operation) }
        return Tensor.record(y, from: [self], remade: remade) { dy, sink in
            guard sink.wants(0) else { return }
            let dx = TensorData.uninitialized(kept.shape, kept.dtype)
            Compute.backend.unaryGradient(operation, x: kept.region, y: kept.region, dy: dy.region, into: dx.region)
            sink.add(0, dx)
        }
    }

    /// `e^x`.
    public func exp() -> Tensor { unary(.exp) }

    /// The natural logarithm.
    public func log() -> Tensor { unary(.log) }

    /// The square root; its gradient at 0 is infinite.
    public func sqrt() -> Tensor { unary(.sqrt) }

    /// `1 / sqrt(x)`.
    public func rsqrt() -> Tensor { unary(.rsqrt) }

    /// `1 / x`.
    public func reciprocal() -> Tensor { unary(.reciprocal) }

    /// The sine of radians.
    public func sin() -> Tensor { unary(.sin) }

    /// The cosine of radians.
    public func cos() -> Tensor { unary(.cos) }

    /// The hyperbolic tangent.
    public func tanh() -> Tensor { unary(.tanh) }

    /// `1 / (1 + e^-x)`.
    public func sigmoid() -> Tensor { unary(.sigmoid) }

    /// `ln(1 + e^x)`.
    public func softplus() -> Tensor { unary(.softplus) }

    /// The absolute value; the gradient at 0 is 0.
    public func abs() -> Tensor { unary(.abs) }

    /// `x^2`.
    public func squared() -> Tensor { unary(.square) }

    /// `x` to a fixed power.
    public func power(_ exponent: Float) -> Tensor { unary(.power(exponent)) }

    /// `min(max(x, low), high)`; the gradient is 1 within the bounds, inclusive, and 0 outside.
    public func clamped(_ low: Float, _ high: Float) -> Tensor {
        precondition(low <= high, "bounds \(low) and \(high)")
        return unary(.clamp(low: low, high: high))
    }
}
