import Buffers

/// How a parameter starts.
public enum Initializer: Sendable, Hashable {
    /// Every element 0.
    case zeros
    /// Every element 1.
    case ones
    /// Every element the same.
    case constant(Float)
    /// Normal around 0 with a standard deviation.
    case normal(deviation: Double)
    /// Uniform in `[-bound, bound)`.
    case uniform(bound: Double)

    /// Uniform with bound `fanIn^-1/2`: the usual start of linear layers and convolutions and of their biases.
    ///
    /// It is the rule of He et al. 2015, arXiv:1502.01852, for a leaky rectifier of slope `5^1/2`.
    public static func kaimingUniform(fanIn: Int) -> Initializer {
        .uniform(bound: 1 / Double(max(1, fanIn)).squareRoot())
    }

    /// Uniform with bound `(6 / (fanIn + fanOut))^1/2`.
    ///
    /// Source: Glorot and Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks", equation 16.
    public static func xavierUniform(fanIn: Int, fanOut: Int) -> Initializer {
        .uniform(bound: (6 / Double(fanIn + fanOut)).squareRoot())
    }

    /// Starting values of a shape, row-major.
    func values(_ shape: Shape, using random: inout RandomStream) -> [Float] {
        switch self {
        case .zeros:
            return [Float](repeating: 0, count: shape.count)
        case .ones:
            return [Float](repeating: 1, count: shape.count)
        case .constant(let value):
            return [Float](repeating: value, count: shape.count)
        case .normal(let deviation):
            let scale = Float(deviation)
            return random.normal(shape).floats.map { $0 * scale }
        case .uniform(let bound):
            let scale = Float(bound)
            return random.uniform(shape).floats.map { (2 * $0 - 1) * scale }
        }
    }
}
