public import Buffers
import Glibc

extension ReferenceBackend {
    /// `y[i] = value`.
    public func fill(_ value: Float, into y: Region) {
        y.floats.update(repeating: value, count: y.count)
    }

    /// `y = op(x)`.
    public func unary(_ operation: UnaryOperation, _ x: Region, into y: Region) {
        let (source, target) = (x.floats, y.floats)
        for i in 0..<y.count { target[i] = Float(operation.value(at: Double(source[i]))) }
    }

    /// `dx = dy * op'(x)`.
    public func unaryGradient(_ operation: UnaryOperation, x: Region, y: Region, dy: Region, into dx: Region) {
        let (source, upstream, target) = (operation.gradientReadsResult ? y.floats : x.floats, dy.floats, dx.floats)
        for i in 0..<dx.count {
            target[i] = Float(Double(upstream[i]) * operation.slope(Double(source[i])))
        }
    }

    /// `c = op(a, b)` with broadcasting.
    public func binary(_ operation: BinaryOperation, _ shape: BroadcastShape, _ a: Region, _ b: Region, into c: Region)
    {
        let (left, right, target) = (a.floats, b.floats, c.floats)
        let width = shape.shape.dimensions.last ?? 1
        let (stepA, stepB) = (shape.stridesA.last ?? 0, shape.stridesB.last ?? 0)
        var next = 0
        forEachRow(shape.shape, shape.stridesA, shape.stridesB) { startA, startB in
            for i in 0..<width {
                target[next] = operation.value(left[startA + i * stepA], right[startB + i * stepB])
                next += 1
            }
        }
    }

    /// `y = alpha * x + beta * y`.
    public func accumulate(_ alpha: Float, _ x: Region, _ beta: Float, into y: Region) {
        let (source, target) = (x.floats, y.floats)
        for i in 0..<y.count {
            let old = beta == 0 ? 0 : Double(beta) * Double(target[i])
            target[i] = Float(Double(alpha) * Double(source[i]) + old)
        }
    }
}

extension BinaryOperation {
    /// The operation on two numbers.
    func value(_ a: Float, _ b: Float) -> Float {
        switch self {
        case .add: a + b
        case .subtract: a - b
        case .multiply: a * b
        case .divide: a / b
        case .maximum: a > b ? a : b
        case .minimum: a < b ? a : b
        case .greaterShare: a > b ? 1 : a == b ? 0.5 : 0
        }
    }
}

extension UnaryOperation {
    /// The function at one place.
    func value(at x: Double) -> Double {
        switch self {
        case .negate: -x
        case .exp: Glibc.exp(x)
        case .log: Glibc.log(x)
        case .sqrt: x.squareRoot()
        case .rsqrt: 1 / x.squareRoot()
        case .reciprocal: 1 / x
        case .sin: Glibc.sin(x)
        case .cos: Glibc.cos(x)
        case .tanh: Glibc.tanh(x)
        case .sigmoid: 1 / (1 + Glibc.exp(-x))
        case .softplus: max(x, 0) + log1p(Glibc.exp(-Swift.abs(x)))
        case .abs: Swift.abs(x)
        case .square: x * x
        case .relu: max(x, 0)
        case .silu: x / (1 + Glibc.exp(-x))
        case .geluErf: 0.5 * x * (1 + erf(x / 2.0.squareRoot()))
        case .geluTanh: 0.5 * x * (1 + Glibc.tanh(UnaryOperation.geluArgument(x)))
        case .leakyReLU(let slope): x > 0 ? x : Double(slope) * x
        case .power(let exponent): pow(x, Double(exponent))
        case .clamp(let low, let high): min(max(x, Double(low)), Double(high))
        case .affine(let scale, let offset): Double(scale) * x + Double(offset)
        }
    }

    /// The derivative, from the result if `gradientReadsResult`, else from the input.
    func slope(_ x: Double) -> Double {
        switch self {
        case .negate: return -1
        case .exp: return x
        case .log: return 1 / x
        case .sqrt: return 0.5 / x
        case .rsqrt: return -0.5 * x * x * x
        case .reciprocal: return -x * x
        case .sin: return Glibc.cos(x)
        case .cos: return -Glibc.sin(x)
        case .tanh: return 1 - x * x
        case .sigmoid: return x * (1 - x)
        case .softplus: return 1 / (1 + Glibc.exp(-x))
        case .abs: return x > 0 ? 1 : x < 0 ? -1 : 0
        case .square: return 2 * x
        case .relu: return x > 0 ? 1 : 0
        case .silu: return siluSlope(x)
        case .geluErf: return 0.5 * (1 + erf(x / 2.0.squareRoot())) + x * Glibc.exp(-0.5 * x * x) * 0.3989422804014327
        case .geluTanh: return UnaryOperation.geluTanhSlope(x)
        case .leakyReLU(let slope): return x > 0 ? 1 : Double(slope)
        case .power(let exponent): return Double(exponent) * pow(x, Double(exponent) - 1)
        case .clamp(let low, let high): return x >= Double(low) && x <= Double(high) ? 1 : 0
        case .affine(let scale, _): return Double(scale)
        }
    }

    private static func geluArgument(_ x: Double) -> Double {
        (2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)
    }

    private static func geluTanhSlope(_ x: Double) -> Double {
        let t = Glibc.tanh(geluArgument(x))
        return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * (2 / Double.pi).squareRoot() * (1 + 3 * 0.044715 * x * x)
    }
}

/// The derivative of `x * sigmoid(x)`.
func siluSlope(_ x: Double) -> Double {
    let gate = 1 / (1 + exp(-x))
    return gate * (1 + x * (1 - gate))
}
