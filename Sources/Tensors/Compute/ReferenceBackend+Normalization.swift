public import Buffers
import Glibc

extension ReferenceBackend {
    /// Group norm with optional scale and shift and a fused activation.
    public func groupNorm(
        _ shape: GroupNormShape,
        activation: Activation,
        _ x: Region,
        scale: Region?,
        shift: Region?,
        into y: Region,
        statistics: Region
    ) {
        let (source, target, saved) = (x.floats, y.floats, statistics.floats)
        for slice in shape.slices {
            let moments = Moments(slice.elements.lazy.map { Double(source[$0.offset]) }, centered: true)
            let inverse = 1 / (moments.variance + Double(shape.epsilon)).squareRoot()
            saved[2 * slice.index] = Float(moments.mean)
            saved[2 * slice.index + 1] = Float(inverse)
            for element in slice.elements {
                let normal = (Double(source[element.offset]) - moments.mean) * inverse
                let value = normal * at(scale, element.channel, else: 1) + at(shift, element.channel, else: 0)
                target[element.offset] = Float(activation == .silu ? value / (1 + exp(-value)) : value)
            }
        }
    }

    /// Gradients of `groupNorm`.
    public func groupNormGradient(
        _ shape: GroupNormShape,
        activation: Activation,
        x: Region,
        scale: Region?,
        shift: Region?,
        statistics: Region,
        dy: Region,
        into dx: Region,
        dScale: Region?,
        dShift: Region?
    ) {
        let (source, upstream, target, saved) = (x.floats, dy.floats, dx.floats, statistics.floats)
        var scales = [Double](repeating: 0, count: shape.channels)
        var shifts = scales
        for slice in shape.slices {
            let row = NormalizedRow(
                mean: Double(saved[2 * slice.index]),
                inverse: Double(saved[2 * slice.index + 1]),
                centered: true
            )
            var terms: [(normal: Double, gradient: Double)] = []
            for element in slice.elements {
                let normal = row.normal(source[element.offset])
                let factor = at(scale, element.channel, else: 1)
                var gradient = Double(upstream[element.offset])
                if activation == .silu {
                    gradient *= siluSlope(normal * factor + at(shift, element.channel, else: 0))
                }
                scales[element.channel] += gradient * normal
                shifts[element.channel] += gradient
                terms.append((normal, gradient * factor))
            }
            for (element, value) in zip(slice.elements, row.inputGradient(terms)) {
                target[element.offset] = Float(value)
            }
        }
        write(scales, to: dScale)
        write(shifts, to: dShift)
    }

    /// Layer norm or RMS norm of each row.
    public func layerNorm(
        _ shape: LayerNormShape,
        _ x: Region,
        scale: Region?,
        shift: Region?,
        into y: Region,
        statistics: Region
    ) {
        let (source, target, saved) = (x.floats, y.floats, statistics.floats)
        for row in 0..<shape.rows {
            let (start, place) = (row * shape.columns, row / shape.rowsOfSample * shape.columns)
            let moments = Moments(
                (start..<start + shape.columns).lazy.map { Double(source[$0]) },
                centered: shape.centered
            )
            let inverse = 1 / (moments.variance + Double(shape.epsilon)).squareRoot()
            saved[2 * row] = Float(moments.mean)
            saved[2 * row + 1] = Float(inverse)
            for column in 0..<shape.columns {
                let normal = (Double(source[start + column]) - moments.mean) * inverse
                let factor = at(scale, place + column, else: 1)
                target[start + column] = Float(normal * factor + at(shift, place + column, else: 0))
            }
        }
    }

    /// Gradients of `layerNorm`.
    public func layerNormGradient(
        _ shape: LayerNormShape,
        x: Region,
        scale: Region?,
        statistics: Region,
        dy: Region,
        into dx: Region,
        dScale: Region?,
        dShift: Region?
    ) {
        let (source, upstream, target, saved) = (x.floats, dy.floats, dx.floats, statistics.floats)
        var scales = [Double](repeating: 0, count: shape.samples * shape.columns)
        var shifts = scales
        for index in 0..<shape.rows {
            let (start, place) = (index * shape.columns, index / shape.rowsOfSample * shape.columns)
            let row = NormalizedRow(
                mean: Double(saved[2 * index]),
                inverse: Double(saved[2 * index + 1]),
                centered: shape.centered
            )
            var terms: [(normal: Double, gradient: Double)] = []
            for column in 0..<shape.columns {
                let normal = row.normal(source[start + column])
                let gradient = Double(upstream[start + column])
                scales[place + column] += gradient * normal
                shifts[place + column] += gradient
                terms.append((normal, gradient * at(scale, place + column, else: 1)))
            }
            for (column, value) in row.inputGradient(terms).enumerated() { target[start + column] = Float(value) }
        }
        write(scales, to: dScale)
        write(shifts, to: dShift)
    }

    private func at(_ region: Region?, _ index: Int, else absent: Double) -> Double {
        region.map { Double($0.floats[index]) } ?? absent
    }
}

/// Mean and biased variance; not centred, the mean counts as 0.
private struct Moments {
    let mean: Double
    let variance: Double

    init(_ values: some Collection<Double>, centered: Bool) {
        let count = Double(max(1, values.count))
        let mean = centered ? values.reduce(0, +) / count : 0
        self.mean = mean
        variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
    }
}

/// The saved statistics of numbers that were normalised together.
private struct NormalizedRow {
    let mean: Double
    let inverse: Double
    let centered: Bool

    func normal(_ x: Float) -> Double { (Double(x) - mean) * inverse }

    func inputGradient(_ terms: [(normal: Double, gradient: Double)]) -> [Double] {
        let count = Double(max(1, terms.count))
        let mean = centered ? terms.reduce(0) { $0 + $1.gradient } / count : 0
        let projection = terms.reduce(0) { $0 + $1.gradient * $1.normal } / count
        return terms.map { inverse * ($0.gradient - mean - $0.normal * projection) }
    }
}

extension GroupNormShape {
    /// The elements that share statistics, for each batch and group.
    fileprivate var slices: [(index: Int, elements: [(offset: Int, channel: Int)])] {
        let width = channels / groups
        return (0..<batch * groups).map { index in
            let (b, first) = (index / groups, index % groups * width)
            let elements = (0..<positions).flatMap { position in
                (first..<first + width).map { (offset: (b * positions + position) * channels + $0, channel: $0) }
            }
            return (index, elements)
        }
    }
}
