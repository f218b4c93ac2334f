public import Buffers

extension ReferenceBackend {
    /// `y[o, i] = reduction over r of x[o, r, i]`.
    public func reduce(_ reduction: Reduction, _ shape: ReductionShape, _ x: Region, into y: Region) {
        let (source, target) = (x.floats, y.floats)
        for outer in 0..<shape.outer {
            for inner in 0..<shape.inner {
                let start = outer * shape.reduced * shape.inner + inner
                let places = stride(from: start, to: start + shape.reduced * shape.inner, by: max(1, shape.inner))
                target[outer * shape.inner + inner] = reduction.value(places.map { source[$0] })
            }
        }
    }

    /// Copies or adds elements between strided places.
    public func copy(_ shape: StridedCopy, _ x: Region, into y: Region, accumulate: Bool) {
        guard shape.shape.count > 0 else { return }
        let (source, target) = (x.floats + shape.sourceOffset, y.floats + shape.targetOffset)
        let width = shape.shape.dimensions.last ?? 1
        let (stepX, stepY) = (shape.sourceStrides.last ?? 0, shape.targetStrides.last ?? 0)
        forEachRow(shape.shape, shape.sourceStrides, shape.targetStrides) { from, to in
            for i in 0..<width {
                let value = source[from + i * stepX]
                target[to + i * stepY] = accumulate ? target[to + i * stepY] + value : value
            }
        }
    }

    /// `y[i, :] = x[indices[i], :]`.
    public func gatherRows(width: Int, _ x: Region, indices: Region, into y: Region) {
        let (source, target, rows) = (x.floats, y.floats, indices.integers)
        for (i, row) in rows.enumerated() {
            precondition(row >= 0 && (row + 1) * width <= x.count, "row \(row) of \(x.count) elements")
            (target + i * width).update(from: source + row * width, count: width)
        }
    }

    /// `y[indices[i], :] += x[i, :]`.
    public func scatterAddRows(width: Int, _ x: Region, indices: Region, into y: Region) {
        let (source, target, rows) = (x.floats, y.floats, indices.integers)
        for (i, row) in rows.enumerated() {
            precondition(row >= 0 && (row + 1) * width <= y.count, "row \(row) of \(y.count) elements")
            for j in 0..<width { target[row * width + j] += source[i * width + j] }
        }
    }

    /// Changes the resolution of images by a factor of two.
    public func resample(_ kind: Resampling, _ shape: ImageShape, _ x: Region, into y: Region) {
        let (source, target) = (x.floats, y.floats)
        forEachTap(kind, shape) { from, to, weight, isFirst in
            for c in 0..<shape.channels {
                target[to + c] = (isFirst ? 0 : target[to + c]) + weight * source[from + c]
            }
        }
    }

    /// The gradient of `resample`.
    public func resampleGradient(_ kind: Resampling, _ shape: ImageShape, _ dy: Region, into dx: Region) {
        let (source, target) = (dy.floats, dx.floats)
        fill(0, into: dx)
        forEachTap(kind, shape) { from, to, weight, _ in
            for c in 0..<shape.channels { target[from + c] += weight * source[to + c] }
        }
    }

    /// Visits every pair of an input and an output pixel with its weight, and whether it is the first of the output pixel.
    private func forEachTap(_ kind: Resampling, _ shape: ImageShape, _ body: (Int, Int, Float, Bool) -> Void) {
        let (height, width) = (kind.length(of: shape.height), kind.length(of: shape.width))
        for b in 0..<shape.batch {
            for h in 0..<height {
                for w in 0..<width {
                    var isFirst = true
                    for row in kind.taps(h, of: shape.height) {
                        for column in kind.taps(w, of: shape.width) {
                            let from = ((b * shape.height + row.index) * shape.width + column.index) * shape.channels
                            let to = ((b * height + h) * width + w) * shape.channels
                            body(from, to, row.weight * column.weight, isFirst)
                            isFirst = false
                        }
                    }
                }
            }
        }
    }
}

extension Region {
    /// A copy of int64 elements.
    var integers: [Int] {
        precondition(dtype == .int64, "\(dtype) read as int64")
        let start = address.assumingMemoryBound(to: Int64.self)
        return (0..<count).map { Int(start[$0]) }
    }
}

extension Resampling {
    /// The length of an axis after resampling.
    func length(of input: Int) -> Int {
        self == .averageDown2 ? input / 2 : input * 2
    }

    /// The input places that one output place is made of, and how much of each.
    func taps(_ output: Int, of length: Int) -> [(index: Int, weight: Float)] {
        switch self {
        case .nearestUp2: return [(output / 2, 1)]
        case .averageDown2: return [(2 * output, 0.5), (2 * output + 1, 0.5)]
        case .bilinearUp2:
            // Output o lies at (o + 0.5) / 2 - 0.5 on the input: a quarter to the left or right of pixel o / 2.
            let near = output / 2
            let far = output % 2 == 0 ? max(near - 1, 0) : min(near + 1, length - 1)
            return [(near, 0.75), (far, 0.25)]
        }
    }
}

extension Reduction {
    /// What some numbers become.
    func value(_ values: [Float]) -> Float {
        switch self {
        case .sum: return Float(values.reduce(0.0) { $0 + Double($1) })
        case .mean: return Float(values.reduce(0.0) { $0 + Double($1) } / Double(values.count))
        case .maximum: return values.reduce(-.infinity) { $1 > $0 ? $1 : $0 }
        case .minimum: return values.reduce(.infinity) { $1 < $0 ? $1 : $0 }
        }
    }
}
