public import Buffers

extension Tensor {
    /// The same numbers in another shape of as many, without a copy.
    public func reshaped(_ target: Shape) -> Tensor {
        guard target != shape else { return self }
        precondition(target.count == shape.count, "\(shape) cannot become \(target)")
        let input = shape
        let result = Tensor.record(data.reshaped(target), from: [self]) { dy, sink in
            sink.add(0, dy.reshaped(input))
        }
        return Tensor(result.data, tape: result.tape, node: result.node, remade: remade)
    }

    /// The axes in another order: axis `i` of the result is axis `axes[i]` of this tensor.
    public func permuted(_ axes: [Int]) -> Tensor {
        let order = axes.map(shape.normalized)
        precondition(order.sorted() == Array(0..<shape.rank), "\(axes) is no order of the axes of \(shape)")
        var inverse = order
        for (place, axis) in order.enumerated() { inverse[axis] = place }
        return Tensor.record(data.permuted(order), from: [self]) { dy, sink in
            sink.add(0, dy.permuted(inverse))
        }
    }

    /// The part of an axis within `range`.
    public func slice(axis: Int, _ range: Range<Int>) -> Tensor {
        let (axis, input) = (shape.normalized(axis), shape)
        precondition(
            range.lowerBound >= 0 && range.upperBound <= shape[axis],
            "part \(range) of axis \(axis) of \(shape)"
        )
        guard range.count != shape[axis] else { return self }
        let result = shape.replacing(axis: axis, with: range.count)
        let offset = range.lowerBound * shape.strides[axis]
        // Parts of the first axis that is longer than 1 lie together: no copy.
        let isDense = shape.dimensions[..<axis].allSatisfy { $0 == 1 }
        let part =
            isDense
            ? TensorData(data.region.part(offset..<offset + result.count), shape: result)
            : data.gathered(result, offset: offset, strides: shape.strides)
        return Tensor.record(part, from: [self]) { dy, sink in
            sink.accumulate(0, input) { region, isEmpty in
                if isEmpty { Compute.backend.fill(0, into: region) }
                dy.scatter(into: region, offset: offset, strides: input.strides, accumulate: true)
            }
        }
    }

    /// Equal parts of an axis, in order.
    public func split(_ parts: Int, axis: Int) -> [Tensor] {
        let length = shape[axis]
        precondition(parts > 0 && length % parts == 0, "\(length) of \(shape) in \(parts) parts")
        let width = length / parts
        return (0..<parts).map { slice(axis: axis, $0 * width..<($0 + 1) * width) }
    }

    /// Tensors one behind the other along an axis; the other axes must be equal.
    public static func concatenate(_ tensors: [Tensor], axis: Int) -> Tensor {
        precondition(!tensors.isEmpty, "nothing to concatenate")
        let shapes = tensors.map(\.shape)
        let axis = shapes[0].normalized(axis)
        let length = shapes.reduce(0) { $0 + $1[axis] }
        let result = shapes[0].replacing(axis: axis, with: length)
        precondition(
            shapes.allSatisfy { $0.rank == result.rank && $0.replacing(axis: axis, with: length) == result },
            "\(shapes) do not fit along axis \(axis)"
        )
        var offsets: [Int] = []
        let y = TensorData.uninitialized(result, tensors.contains { $0.dtype == .bfloat16 } ? .bfloat16 : .float32)
        var next = 0
        for tensor in tensors {
            tensor.data.scatter(into: y.region, offset: next, strides: result.strides, accumulate: false)
            offsets.append(next)
            next += tensor.shape[axis] * result.strides[axis]
        }
        return record(y, from: tensors) { [offsets] dy, sink in
            for (i, shape) in shapes.enumerated() {
                sink.add(i, dy.gathered(shape, offset: offsets[i], strides: result.strides))
            }
        }
    }

    /// The axis in reverse order.
    public func flipped(axis: Int) -> Tensor {
        let axis = shape.normalized(axis)
        return Tensor.record(data.flipped(axis), from: [self]) { dy, sink in
            sink.add(0, dy.flipped(axis))
        }
    }

    /// Axes of length 1 repeated, and new ones put in front, so that the result has the shape `target`.
    public func broadcast(to target: Shape) -> Tensor {
        guard target != shape else { return self }
        precondition(shape.broadcast(with: target) == target, "\(shape) does not broadcast to \(target)")
        let input = shape
        return Tensor.record(data.repeated(to: target), from: [self]) { dy, sink in
            sink.add(0, dy.summed(to: input))
        }
    }
}

extension TensorData {
    /// A dense copy with the axes in another order.
    fileprivate func permuted(_ order: [Int]) -> TensorData {
        let strides = shape.strides
        return gathered(Shape(order.map { shape[$0] }), offset: 0, strides: order.map { strides[$0] })
    }

    /// A dense copy with one axis reversed.
    fileprivate func flipped(_ axis: Int) -> TensorData {
        var strides = shape.strides
        let offset = max(0, shape[axis] - 1) * strides[axis]
        strides[axis] = -strides[axis]
        return gathered(shape, offset: offset, strides: strides)
    }
}
