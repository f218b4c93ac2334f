public import Buffers
import CKernels

extension CPUBackend {
    /// Elements of one sum before partial sums are made.
    private static let longRow = 1 << 15
    /// Rows added in one go when columns are summed.
    private static let rowsOfPart = 512

    /// `y[o, i] = reduction over r of x[o, r, i]`.
    public func reduce(_ reduction: Reduction, _ shape: ReductionShape, _ x: Region, into y: Region) {
        let scale = reduction == .mean ? 1 / Float(shape.reduced) : 1
        tally.add(reading: [x], writing: [y])
        inFloat32(y) { y in
            if shape.reduced == 0 {
                fill(reduction == .mean ? .nan : 0, into: y)
            } else if shape.inner == 1 {
                reduceRows(reduction.kernel, shape, float32(x).floats, y.floats, scale)
            } else if x.dtype == .bfloat16, reduction.kernel == CK_SUM, shape.outer == 1 {
                sumHalfColumns(shape, x.halves, y.floats, scale)
            } else {
                reduceColumns(reduction.kernel, shape, float32(x).floats, y.floats, scale)
            }
        }
    }

    // Gradients of biases: parts of the rows, then the sum of the parts.
    private func sumHalfColumns(
        _ shape: ReductionShape,
        _ x: UnsafePointer<UInt16>,
        _ y: UnsafeMutablePointer<Float>,
        _ scale: Float
    ) {
        let (rows, width, size) = (shape.reduced, shape.inner, CPUBackend.rowsOfPart)
        let parts = (rows + size - 1) / size
        let partial = temporary(parts * width)
        let sums = partial.floats
        pool.parallelFor(parts) { part in
            let start = part * size
            ck_sum_half_columns(x + start * width, width, sums + part * width, min(size, rows - start), width, 1)
        }
        reduceColumns(CK_SUM, ReductionShape(outer: 1, reduced: parts, inner: width), sums, y, scale)
        withExtendedLifetime(partial) {}
    }

    private func reduceRows(
        _ kernel: ck_reduction,
        _ shape: ReductionShape,
        _ x: UnsafePointer<Float>,
        _ y: UnsafeMutablePointer<Float>,
        _ scale: Float
    ) {
        let length = shape.reduced
        guard length > CPUBackend.longRow else {
            return forRows(shape.outer, width: length) { rows in
                ck_reduce_rows(
                    kernel,
                    x + rows.lowerBound * length,
                    y + rows.lowerBound,
                    rows.count,
                    length,
                    scale
                )
            }
        }
        let size = CPUBackend.blockSize
        let parts = (length + size - 1) / size
        let partial = temporary(shape.outer * parts)
        let sums = partial.floats
        pool.parallelFor(shape.outer * parts) { unit in
            let start = unit % parts * size
            ck_reduce_rows(
                kernel,
                x + unit / parts * length + start,
                sums + unit,
                1,
                min(size, length - start),
                1
            )
        }
        reduceRows(kernel, ReductionShape(outer: shape.outer, reduced: parts, inner: 1), sums, y, scale)
        withExtendedLifetime(partial) {}
    }

    private func reduceColumns(
        _ kernel: ck_reduction,
        _ shape: ReductionShape,
        _ x: UnsafePointer<Float>,
        _ y: UnsafeMutablePointer<Float>,
        _ scale: Float
    ) {
        let (rows, width, size) = (shape.reduced, shape.inner, CPUBackend.rowsOfPart)
        if rows >= 2 * size, shape.outer * width <= CPUBackend.longRow {
            let parts = (rows + size - 1) / size
            let partial = temporary(shape.outer * parts * width)
            let sums = partial.floats
            pool.parallelFor(shape.outer * parts) { unit in
                let (slice, start) = (unit / parts, unit % parts * size)
                ck_reduce_columns(
                    kernel,
                    x + (slice * rows + start) * width,
                    width,
                    sums + unit * width,
                    min(size, rows - start),
                    width,
                    1
                )
            }
            reduceColumns(
                kernel,
                ReductionShape(outer: shape.outer, reduced: parts, inner: width),
                sums,
                y,
                scale
            )
            return withExtendedLifetime(partial) {}
        }
        let columns = min(width, max(64, CPUBackend.blockSize / rows))
        let pieces = (width + columns - 1) / columns
        let together = max(1, CPUBackend.blockSize / (rows * columns))
        forBlocks(shape.outer * pieces, of: together) { units in
            for unit in units {
                let (slice, start) = (unit / pieces, unit % pieces * columns)
                ck_reduce_columns(
                    kernel,
                    x + slice * rows * width + start,
                    width,
                    y + slice * width + start,
                    rows,
                    min(columns, width - start),
                    scale
                )
            }
        }
    }

    /// Softmax of each row, or its logarithm.
    public func softmax(rows: Int, columns: Int, logarithm: Bool, _ x: Region, into y: Region) {
        guard columns > 0 else { return }
        let source = float32(x)
        inFloat32(y) { target in
            forRows(rows, width: columns) { range in
                let start = range.lowerBound * columns
                ck_softmax(source.floats + start, target.floats + start, range.count, columns, logarithm)
            }
        }
        tally.add(reading: [x], writing: [y])
    }

    /// The gradient of `softmax` from its result.
    public func softmaxGradient(
        rows: Int,
        columns: Int,
        logarithm: Bool,
        y: Region,
        dy: Region,
        into dx: Region
    ) {
        let (result, upstream) = (float32(y), float32(dy))
        inFloat32(dx) { target in
            forRows(rows, width: columns) { range in
                let start = range.lowerBound * columns
                ck_softmax_gradient(
                    result.floats + start,
                    upstream.floats + start,
                    target.floats + start,
                    range.count,
                    columns,
                    logarithm
                )
            }
        }
        tally.add(reading: [y, dy], writing: [dx])
    }
}

extension Reduction {
    fileprivate var kernel: ck_reduction {
        switch self {
        case .sum, .mean: CK_SUM
        case .maximum: CK_MAX
        case .minimum: CK_MIN
        }
    }
}
