public import Buffers
import CKernels

extension CPUBackend {
    /// Copies elements between strided places, or adds them.
    public func copy(_ shape: StridedCopy, _ x: Region, into y: Region, accumulate: Bool) {
        let (source, target) = (x.floats + shape.sourceOffset, y.floats + shape.targetOffset)
        let loops = StridedLoops(shape.shape.dimensions, shape.sourceStrides, shape.targetStrides)
        tally.add(floats: 2 * shape.shape.count)
        if let axis = loops.transposedAxis {
            return transpose(loops, axis: axis, source, target, accumulate)
        }
        loops.forParts(self) { part in
            let places = ck_strided(
                extent: part.extents.tuple,
                source: part.firstStrides.tuple,
                target: part.secondStrides.tuple
            )
            ck_copy_strided(places, source + part.first, target + part.second, accumulate)
        }
    }

    // The source is dense along `axis`, the target along the last one.
    private func transpose(
        _ loops: StridedLoops,
        axis: Int,
        _ source: UnsafePointer<Float>,
        _ target: UnsafeMutablePointer<Float>,
        _ accumulate: Bool
    ) {
        var loops = loops
        loops.move(axis: axis, to: loops.extents.count - 2)
        let row = loops.extents.count - 2
        let (rows, columns) = (loops.extents[row], loops.extents[row + 1])
        let (rowStride, columnStride) = (loops.second[row], loops.first[row + 1])
        let size = min(rows, max(16, CPUBackend.blockSize / columns))
        let pieces = (rows + size - 1) / size
        let outer = loops.dropLast(2)
        let together = max(1, CPUBackend.blockSize / (size * columns))
        forBlocks(outer.count * pieces, of: together) { range in
            for unit in range {
                let (x, y) = outer.offsets(unit / pieces)
                let start = unit % pieces * size
                ck_transpose(
                    source + x + start,
                    columnStride,
                    target + y + start * rowStride,
                    rowStride,
                    min(size, rows - start),
                    columns,
                    accumulate
                )
            }
        }
    }

    /// `y[i, :] = x[indices[i], :]`.
    public func gatherRows(width: Int, _ x: Region, indices: Region, into y: Region) {
        let (source, target, places) = (x.floats, y.floats, CPUBackend.integers(indices))
        forRows(indices.count, width: width) { rows in
            ck_gather_rows(
                source,
                places + rows.lowerBound,
                target + rows.lowerBound * width,
                rows.count,
                width
            )
        }
        tally.add(floats: 2 * y.count)
    }

    /// `y[indices[i], :] += x[i, :]` in the order of i.
    public func scatterAddRows(width: Int, _ x: Region, indices: Region, into y: Region) {
        let (source, target, places) = (x.floats, y.floats, CPUBackend.integers(indices))
        // Rows may repeat, so that only columns can be shared out.
        let columns = max(16, CPUBackend.blockSize / max(1, indices.count))
        forBlocks(width, of: columns) { range in
            ck_scatter_add_rows(
                source,
                places,
                target,
                indices.count,
                width,
                range.lowerBound,
                range.upperBound
            )
        }
        tally.add(floats: 3 * x.count)
    }

    private static func integers(_ region: Region) -> UnsafePointer<Int64> {
        precondition(region.dtype == .int64, "indices of type \(region.dtype)")
        return UnsafePointer(region.address.assumingMemoryBound(to: Int64.self))
    }
}

extension StridedLoops {
    /// The axis along which the first operand is dense, if the second one is dense along another, the last.
    var transposedAxis: Int? {
        guard let last = extents.indices.last, last > 0, second[last] == 1, first[last] > 1, extents[last] >= 4,
            let axis = first.indices.first(where: { first[$0] == 1 && extents[$0] >= 4 && second[$0] > 0 })
        else { return nil }
        return axis
    }

    /// The loops without the innermost axes.
    func dropLast(_ count: Int) -> StridedLoops {
        var result = StridedLoops([], [], [])
        for axis in extents.indices.dropLast(count) { result.append(extents[axis], first[axis], second[axis]) }
        return result
    }

    /// The places in both operands of a row-major position.
    func offsets(_ position: Int) -> (Int, Int) {
        var (rest, a, b) = (position, 0, 0)
        for axis in extents.indices.reversed() {
            a += rest % extents[axis] * first[axis]
            b += rest % extents[axis] * second[axis]
            rest /= extents[axis]
        }
        return (a, b)
    }
}
