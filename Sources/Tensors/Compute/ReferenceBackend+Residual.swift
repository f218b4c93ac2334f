public import Buffers

extension ReferenceBackend {
    /// `y = x + gate * branch`.
    public func gatedSum(_ shape: GatedSumShape, _ x: Region, gate: Region, branch: Region, into y: Region) {
        let (source, factor, other, target) = (x.floats, gate.floats, branch.floats, y.floats)
        shape.forEach { i, place in
            target[i] = Float(Double(source[i]) + Double(factor[place]) * Double(other[i]))
        }
    }

    /// Gradients of `gatedSum` for the branch and the gate.
    public func gatedSumGradient(
        _ shape: GatedSumShape,
        gate: Region,
        branch: Region,
        dy: Region,
        into dBranch: Region?,
        dGate: Region?
    ) {
        let (factor, other, upstream, target) = (gate.floats, branch.floats, dy.floats, dBranch?.floats)
        var sums = [Double](repeating: 0, count: shape.samples * shape.columns)
        shape.forEach { i, place in
            target?[i] = Float(Double(upstream[i]) * Double(factor[place]))
            sums[place] += Double(upstream[i]) * Double(other[i])
        }
        write(sums, to: dGate)
    }
}

extension GatedSumShape {
    /// Calls `body` with each element and its place in the gate.
    fileprivate func forEach(_ body: (_ element: Int, _ place: Int) -> Void) {
        for row in 0..<samples * rows {
            for column in 0..<columns { body(row * columns + column, row / rows * columns + column) }
        }
    }
}
