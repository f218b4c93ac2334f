import Buffers

/// What stands beyond the edge of an image.
public enum PaddingMode: Sendable, Hashable {
    /// Zeros.
    case zero
    /// The nearest pixel.
    case replicate
}

extension Tensor {
    /// Rows and columns added around images `[..., H, W, C]`.
    public func padded(_ padding: Padding, mode: PaddingMode = .zero) -> Tensor {
        precondition(shape.rank >= 3, "padding of \(shape)")
        let (row, column) = (shape.rank - 3, shape.rank - 2)
        switch mode {
        case .zero:
            return padded(axis: row, before: padding.top, after: padding.bottom)
                .padded(axis: column, before: padding.left, after: padding.right)
        case .replicate:
            return replicated(axis: row, before: padding.top, after: padding.bottom)
                .replicated(axis: column, before: padding.left, after: padding.right)
        }
    }

    /// Zeros before and after an axis.
    func padded(axis: Int, before: Int, after: Int) -> Tensor {
        precondition(before >= 0 && after >= 0, "padding \(before) and \(after)")
        guard before + after > 0 else { return self }
        let input = shape
        let result = shape.replacing(axis: axis, with: before + shape[axis] + after)
        let (strides, offset) = (result.strides, before * result.strides[shape.normalized(axis)])
        let y = TensorData.filled(result, 0, data.dtype)
        data.scatter(into: y.region, offset: offset, strides: strides, accumulate: false)
        return Tensor.record(y, from: [self]) { dy, sink in
            sink.add(0, dy.gathered(input, offset: offset, strides: strides))
        }
    }

    /// The first and last element of an axis repeated.
    private func replicated(axis: Int, before: Int, after: Int) -> Tensor {
        precondition(before >= 0 && after >= 0 && shape[axis] > 0, "padding \(before) and \(after) of \(shape)")
        var parts: [Tensor] = []
        let last = shape[axis] - 1
        if before > 0 {
            parts.append(slice(axis: axis, 0..<1).broadcast(to: shape.replacing(axis: axis, with: before)))
        }
        parts.append(self)
        if after > 0 {
            parts.append(slice(axis: axis, last..<last + 1).broadcast(to: shape.replacing(axis: axis, with: after)))
        }
        return parts.count == 1 ? self : Tensor.concatenate(parts, axis: axis)
    }
}
