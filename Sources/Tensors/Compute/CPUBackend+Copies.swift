public import Buffers
import CKernels

extension CPUBackend {
    /// Copies elements between strided places, or adds them.
    public func copy(_ shape: StridedCopy, _ x: Region, into y: Region, accumulate: Bool) {
        if !accumulate, let pairs = shape.pairs, let source = x.pairs, let target = y.pairs {
            return copyFloats(pairs, source, into: target, accumulate: false)
        }
        // What the copy leaves alone is read and written again.
        inFloat32(y, updating: true) { copyFloats(shape, float32(x), into: $0, accumulate: accumulate) }
    }

    private func copyFloats(_ shape: StridedCopy, _ x: Region, into y: Region, accumulate: Bool) {
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
        let (source, places) = (float32(x), CPUBackend.integers(indices))
        inFloat32(y) { target in
            forRows(indices.count, width: width) { rows in
                ck_gather_rows(
                    source.floats,
                    places + rows.lowerBound,
                    target.floats + rows.lowerBound * width,
                    rows.count,
                    width
                )
            }
        }
        tally.add(reading: [y], writing: [y])
    }

    /// `y[indices[i], :] += x[i, :]` in the order of i.
    public func scatterAddRows(width: Int, _ x: Region, indices: Region, into y: Region) {
        let (source, places) = (float32(x), CPUBackend.integers(indices))
        // Rows may repeat, so that only columns can be shared out.
        let columns = max(16, CPUBackend.blockSize / max(1, indices.count))
        inFloat32(y, updating: true) { target in
            forBlocks(width, of: columns) { range in
                ck_scatter_add_rows(
                    source.floats,
                    places,
                    target.floats,
                    indices.count,
                    width,
                    range.lowerBound,
                    range.upperBound
                )
            }
        }
        tally.add(reading: [x, x], writing: [x])
    }

    private static func integers(_ region: Region) -> UnsafePointer<Int64> {
        precondition(region.dtype == .int64, "indices of type \(region.dtype)")
        return UnsafePointer(region.address.assumingMemoryBound(to: Int64.self))
    }
}

extension StridedCopy {
    /// The same copy of pairs of neighbours; nil if they do not stay together.
    fileprivate var pairs: StridedCopy? {
        let outer = Array(sourceStrides.dropLast()) + Array(targetStrides.dropLast()) + [sourceOffset, targetOffset]
        guard let last = shape.dimensions.last, last.isMultiple(of: 2), sourceStrides.last == 1,
            targetStrides.last == 1,
            outer.allSatisfy({ $0.isMultiple(of: 2) })
        else { return nil }
        return StridedCopy(
            shape: shape.replacing(axis: -1, with: last / 2),
            sourceOffset: sourceOffset / 2,
            sourceStrides: sourceStrides.dropLast().map { $0 / 2 } + [1],
            targetOffset: targetOffset / 2,
            targetStrides: targetStrides.dropLast().map { $0 / 2 } + [1]
        )
    }
}

extension Region {
    /// Pairs of bfloat16 elements, to be moved like float32; nil if it holds others, or begins within a pair.
    var pairs: Region? {
        guard dtype == .bfloat16, offset.isMultiple(of: 2) else { return nil }
        return Region(storage, offset: offset / 2, count: count / 2, dtype: .float32)
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
