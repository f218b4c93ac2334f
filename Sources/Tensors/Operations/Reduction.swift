import Buffers

extension Tensor {
    /// The sum over axes, all if nil; kept axes have length 1.
    public func sum(_ axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
        let axes = axes ?? Array(0..<shape.rank)
        let (input, kept) = (shape, shape.keeping(axes))
        let result = data.reduced(.sum, axes).reshaped(keepingAxes ? kept : shape.dropping(axes))
        return Tensor.record(result, from: [self]) { dy, sink in
            sink.add(0, dy.reshaped(kept).repeated(to: input))
        }
    }

    /// The mean over axes, all if nil; kept axes have length 1.
    public func mean(_ axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
        let axes = axes ?? Array(0..<shape.rank)
        let (input, kept) = (shape, shape.keeping(axes))
        let share = Float(kept.count) / Float(max(1, input.count))
        let result = data.reduced(.mean, axes).reshaped(keepingAxes ? kept : shape.dropping(axes))
        return Tensor.record(result, from: [self]) { dy, sink in
            sink.add(0, dy.scaled(share).reshaped(kept).repeated(to: input))
        }
    }

    /// The biased variance over axes, all if nil; kept axes have length 1.
    public func variance(_ axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
        (self - mean(axes, keepingAxes: true)).squared().mean(axes, keepingAxes: keepingAxes)
    }

    /// The largest number along an axis; equal ones share the gradient.
    public func maximum(axis: Int, keepingAxes: Bool = false) -> Tensor {
        let (x, kept) = (data, shape.keeping([axis]))
        precondition(shape[axis] > 0, "the maximum along an empty axis of \(shape)")
        let peak = x.reduced(.maximum, [axis])
        let result = peak.reshaped(keepingAxes ? kept : shape.dropping([axis]))
        return Tensor.record(result, from: [self]) { dy, sink in
            guard sink.wants(0) else { return }
            // No element exceeds the peak: the share is a half where they are equal and 0 elsewhere.
            let equal = TensorData.binary(.greaterShare, x, peak)
            let share = TensorData.binary(.divide, dy.reshaped(kept), equal.reduced(.sum, [axis]))
            sink.add(0, TensorData.binary(.multiply, equal, share))
        }
    }
}

extension Shape {
    /// The shape after a reduction that keeps the axes with length 1.
    func keeping(_ axes: [Int]) -> Shape {
        var result = dimensions
        for axis in axes { result[normalized(axis)] = 1 }
        return Shape(result)
    }

    /// The shape after a reduction that drops the axes.
    func dropping(_ axes: [Int]) -> Shape {
        let dropped = Set(axes.map(normalized))
        return Shape((0..<rank).filter { !dropped.contains($0) }.map { dimensions[$0] })
    }
}
