/// Nested loops over two strided operands, with axes joined where both operands allow it.
struct StridedLoops {
    /// Extents, outermost first.
    private(set) var extents: [Int] = []
    /// Strides of the first operand.
    private(set) var first: [Int] = []
    /// Strides of the second operand.
    private(set) var second: [Int] = []

    /// A rectangle of the loops that one kernel call covers.
    struct Part {
        /// Row-major position of the first element.
        var position = 0
        /// Offset of the first element in the first operand.
        var first = 0
        /// Offset of the first element in the second operand.
        var second = 0
        /// Extents of the four inner axes.
        var extents = SIMD4<Int>(repeating: 1)
        /// Strides of the first operand along the inner axes.
        var firstStrides = SIMD4<Int>(repeating: 0)
        /// Strides of the second operand along the inner axes.
        var secondStrides = SIMD4<Int>(repeating: 0)

        /// The row-major positions of the elements.
        var range: Range<Int> { position..<position + extents[0] * extents[1] * extents[2] * extents[3] }
    }

    /// Joins axes and drops those of length 1.
    init(_ dimensions: [Int], _ a: [Int], _ b: [Int]) {
        for axis in dimensions.indices where dimensions[axis] != 1 {
            let length = dimensions[axis]
            if let last = extents.indices.last, first[last] == a[axis] * length, second[last] == b[axis] * length {
                extents[last] *= length
                first[last] = a[axis]
                second[last] = b[axis]
            } else {
                append(length, a[axis], b[axis])
            }
        }
    }

    /// The number of elements.
    var count: Int { extents.reduce(1, *) }

    /// Appends an innermost axis.
    mutating func append(_ extent: Int, _ a: Int, _ b: Int) {
        extents.append(extent)
        first.append(a)
        second.append(b)
    }

    /// Removes an axis and puts it back in a new place.
    mutating func move(axis: Int, to place: Int) {
        extents.insert(extents.remove(at: axis), at: place)
        first.insert(first.remove(at: axis), at: place)
        second.insert(second.remove(at: axis), at: place)
    }

    /// Calls `body` for parts of four axes that cover all loops, from several threads; the cut depends on the shape alone.
    ///
    /// `Part.position` counts row-major elements, which is right for a dense result.
    func forParts(_ backend: CPUBackend, _ body: (Part) -> Void) {
        guard count > 0 else { return }
        var loops = self
        while loops.extents.count < 4 { loops.insertUnit() }
        // The axis that is cut: everything inside of it fits into a block.
        var axis = loops.extents.count - 4
        var inside = loops.extents[(axis + 1)...].reduce(1, *)
        while axis < loops.extents.count - 1, inside > CPUBackend.blockSize || loops.extents[axis] == 1 {
            axis += 1
            inside /= loops.extents[axis]
        }
        let length = min(loops.extents[axis], max(1, CPUBackend.blockSize / inside))
        loops.forParts(backend, cut: axis, length: length, inside: inside, body)
    }

    private func forParts(
        _ backend: CPUBackend,
        cut axis: Int,
        length: Int,
        inside: Int,
        _ body: (Part) -> Void
    ) {
        let inner = extents.count - 4
        let pieces = (extents[axis] + length - 1) / length
        let units = extents[..<axis].reduce(1, *) * pieces
        var whole = Part()
        for lane in 0..<4 {
            whole.extents[lane] = inner + lane < axis ? 1 : extents[inner + lane]
            whole.firstStrides[lane] = first[inner + lane]
            whole.secondStrides[lane] = second[inner + lane]
        }
        // Small pieces are done several at a time.
        let together = max(1, CPUBackend.blockSize / (length * inside))
        backend.forBlocks(units, of: together) { [whole] range in
            for unit in range {
                var part = whole
                let start = unit % pieces * length
                place(unit / pieces, before: axis, &part)
                part.position = (part.position * extents[axis] + start) * inside
                part.first += start * first[axis]
                part.second += start * second[axis]
                part.extents[axis - inner] = min(length, extents[axis] - start)
                body(part)
            }
        }
    }

    // The place of an index over the axes before `axis`.
    private func place(_ index: Int, before axis: Int, _ part: inout Part) {
        part.position = index
        var rest = index
        for outer in stride(from: axis - 1, through: 0, by: -1) {
            let step = rest % extents[outer]
            rest /= extents[outer]
            part.first += step * first[outer]
            part.second += step * second[outer]
        }
    }

    private mutating func insertUnit() {
        extents.insert(1, at: 0)
        first.insert(0, at: 0)
        second.insert(0, at: 0)
    }
}
