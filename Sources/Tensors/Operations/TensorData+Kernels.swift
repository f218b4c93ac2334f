import Buffers

/// Kernels of the current backend on whole tensors, without gradients.
extension TensorData {
    /// Memory of the current backend, not initialised.
    static func uninitialized(_ shape: Shape, _ dtype: DType = .float32) -> TensorData {
        let storage = Compute.backend.allocate(shape.count, dtype)
        return TensorData(Region(storage, offset: 0, count: shape.count, dtype: dtype), shape: shape)
    }

    /// The numbers in another element type, rounded to the nearest; without a copy if it is the same.
    func converted(to dtype: DType) -> TensorData {
        guard dtype != self.dtype else { return self }
        let result = TensorData.uninitialized(shape, dtype)
        Compute.backend.convert(region, into: result.region)
        return result
    }

    /// The same number everywhere.
    static func filled(_ shape: Shape, _ value: Float, _ dtype: DType = .float32) -> TensorData {
        let result = uninitialized(shape, dtype)
        Compute.backend.fill(value, into: result.region)
        return result
    }

    /// A copy in memory of its own.
    func copied() -> TensorData {
        let result = TensorData.uninitialized(shape, dtype)
        Compute.backend.accumulate(1, region, 0, into: result.region)
        return result
    }

    /// `op(x)`.
    func unary(_ operation: UnaryOperation) -> TensorData {
        let result = TensorData.uninitialized(shape, dtype)
        Compute.backend.unary(operation, region, into: result.region)
        return result
    }

    /// `factor * x`.
    func scaled(_ factor: Float) -> TensorData { unary(.affine(scale: factor, offset: 0)) }

    /// `op(a, b)` with broadcasting; in bfloat16 if one of them is.
    static func binary(_ operation: BinaryOperation, _ a: TensorData, _ b: TensorData) -> TensorData {
        let shape = BroadcastShape(a.shape, b.shape)
        let result = uninitialized(shape.shape, [a.dtype, b.dtype].contains(.bfloat16) ? .bfloat16 : .float32)
        Compute.backend.binary(operation, shape, a.region, b.region, into: result.region)
        return result
    }

    /// Reduces some axes to length 1, in float32; neighbouring axes in one pass.
    func reduced(_ reduction: Reduction, _ axes: [Int]) -> TensorData {
        let axes = Set(axes.map(shape.normalized))
        var result = self
        var end = shape.rank
        while end > 0 {
            let start = end - 1
            guard axes.contains(start), shape[start] != 1 else {
                end -= 1
                continue
            }
            var first = start
            while first > 0, axes.contains(first - 1) { first -= 1 }
            result = result.reduced(reduction, first..<end)
            end = first
        }
        return result
    }

    private func reduced(_ reduction: Reduction, _ axes: Range<Int>) -> TensorData {
        let lengths = shape.dimensions
        let sizes = ReductionShape(
            outer: lengths[..<axes.lowerBound].reduce(1, *),
            reduced: lengths[axes].reduce(1, *),
            inner: lengths[axes.upperBound...].reduce(1, *)
        )
        var target = lengths
        for axis in axes { target[axis] = 1 }
        let result = TensorData.uninitialized(Shape(target))
        Compute.backend.reduce(reduction, sizes, region, into: result.region)
        return result
    }

    /// Sums over the axes along which `target` was repeated to get this shape: the gradient of broadcasting.
    func summed(to target: Shape) -> TensorData {
        guard shape != target else { return self }
        let lead = shape.rank - target.rank
        let axes = (0..<shape.rank).filter { $0 < lead || target[$0 - lead] == 1 }
        return reduced(.sum, axes).reshaped(target)
    }

    /// Repeats axes of length 1 so that the result has the shape `target`.
    func repeated(to target: Shape) -> TensorData {
        guard shape != target else { return self }
        let result = TensorData.uninitialized(target, dtype)
        let copy = StridedCopy(
            shape: target,
            sourceOffset: 0,
            sourceStrides: shape.broadcastStrides(to: target),
            targetOffset: 0,
            targetStrides: target.strides
        )
        Compute.backend.copy(copy, region, into: result.region, accumulate: false)
        return result
    }

    /// Copies elements from strided places into a new dense tensor.
    func gathered(_ target: Shape, offset: Int, strides: [Int]) -> TensorData {
        let result = TensorData.uninitialized(target, dtype)
        let copy = StridedCopy(
            shape: target,
            sourceOffset: offset,
            sourceStrides: strides,
            targetOffset: 0,
            targetStrides: target.strides
        )
        Compute.backend.copy(copy, region, into: result.region, accumulate: false)
        return result
    }

    /// Adds the elements to strided places of a region, or writes them.
    func scatter(into target: Region, offset: Int, strides: [Int], accumulate: Bool) {
        let copy = StridedCopy(
            shape: shape,
            sourceOffset: 0,
            sourceStrides: shape.strides,
            targetOffset: offset,
            targetStrides: strides
        )
        Compute.backend.copy(copy, region, into: target, accumulate: accumulate)
    }
}
