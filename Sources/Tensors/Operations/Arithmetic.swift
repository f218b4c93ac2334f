import Buffers

extension Tensor {
    /// The sum, with broadcasting.
    public static func + (left: Tensor, right: Tensor) -> Tensor {
        let (a, b) = (left.shape, right.shape)
        return record(TensorData.binary(.add, left.data, right.data), from: [left, right]) { dy, sink in
            sink.add(0, dy.summed(to: a))
            sink.add(1, dy.summed(to: b))
        }
    }

    /// The difference, with broadcasting.
    public static func - (left: Tensor, right: Tensor) -> Tensor {
        let (a, b) = (left.shape, right.shape)
        return record(TensorData.binary(.subtract, left.data, right.data), from: [left, right]) { dy, sink in
            sink.add(0, dy.summed(to: a))
            sink.add(1, dy.summed(to: b).unary(.negate))
        }
    }

    /// The product, with broadcasting.
    public static func * (left: Tensor, right: Tensor) -> Tensor {
        let (a, b) = (left.shape, right.shape)
        // A factor is only kept for the gradient of the other one.
        let (toLeft, toRight) = (left.isRecorded ? right.data : nil, right.isRecorded ? left.data : nil)
        return record(TensorData.binary(.multiply, left.data, right.data), from: [left, right]) { dy, sink in
            if let toLeft { sink.add(0, TensorData.binary(.multiply, dy, toLeft).summed(to: a)) }
            if let toRight { sink.add(1, TensorData.binary(.multiply, dy, toRight).summed(to: b)) }
        }
    }

    /// The quotient, with broadcasting.
    public static func / (left: Tensor, right: Tensor) -> Tensor {
        let (a, b) = (left.shape, right.data)
        let y = TensorData.binary(.divide, left.data, b)
        return record(y, from: [left, right]) { dy, sink in
            let ratio = TensorData.binary(.divide, dy, b)
            sink.add(0, ratio.summed(to: a))
            sink.add(1, TensorData.binary(.multiply, ratio, y).summed(to: b.shape).unary(.negate))
        }
    }

    /// The larger of two numbers, with broadcasting; equal ones share the gradient.
    public static func maximum(_ left: Tensor, _ right: Tensor) -> Tensor {
        choice(.maximum, left, right)
    }

    /// The smaller of two numbers, with broadcasting; equal ones share the gradient.
    public static func minimum(_ left: Tensor, _ right: Tensor) -> Tensor {
        choice(.minimum, left, right)
    }

    private static func choice(_ operation: BinaryOperation, _ left: Tensor, _ right: Tensor) -> Tensor {
        let (a, b) = (left.data, right.data)
        return record(TensorData.binary(operation, a, b), from: [left, right]) { dy, sink in
            let (first, second) = operation == .maximum ? (a, b) : (b, a)
            let left = TensorData.binary(.multiply, dy, TensorData.binary(.greaterShare, first, second))
            sink.add(0, left.summed(to: a.shape))
            sink.add(1, TensorData.binary(.subtract, dy, left).summed(to: b.shape))
        }
    }

    /// The sum with a number.
    public static func + (left: Tensor, right: Float) -> Tensor { left.affine(1, right) }

    /// The sum with a number.
    public static func + (left: Float, right: Tensor) -> Tensor { right.affine(1, left) }

    /// The difference to a number.
    public static func - (left: Tensor, right: Float) -> Tensor { left.affine(1, -right) }

    /// The difference from a number.
    public static func - (left: Float, right: Tensor) -> Tensor { right.affine(-1, left) }

    /// The product with a number.
    public static func * (left: Tensor, right: Float) -> Tensor { left.affine(right, 0) }

    /// The product with a number.
    public static func * (left: Float, right: Tensor) -> Tensor { right.affine(left, 0) }

    /// The quotient by a number.
    public static func / (left: Tensor, right: Float) -> Tensor { left.affine(1 / right, 0) }

    /// The quotient of a number by each element.
    public static func / (left: Float, right: Tensor) -> Tensor { right.reciprocal().affine(left, 0) }

    /// The negative.
    public static prefix func - (operand: Tensor) -> Tensor { operand.affine(-1, 0) }

    /// `scale * x + offset`.
    private func affine(_ scale: Float, _ offset: Float) -> Tensor {
        Tensor.record(data.unary(.affine(scale: scale, offset: offset)), from: [self]) { dy, sink in
            sink.add(0, scale == 1 ? dy : dy.scaled(scale))
        }
    }
}
