public import Buffers
import CKernels

extension CPUBackend {
    /// `y[i] = value`.
    public func fill(_ value: Float, into y: Region) {
        let target = y.floats
        forBlocks(y.count, of: CPUBackend.blockSize) { ck_fill(target + $0.lowerBound, $0.count, value) }
        tally.add(floats: y.count)
    }

    /// `y = op(x)`; `y` may be `x`.
    public func unary(_ operation: UnaryOperation, _ x: Region, into y: Region) {
        let (source, target, code) = (x.floats, y.floats, operation.kernel)
        forBlocks(y.count, of: CPUBackend.blockSize) { block in
            let start = block.lowerBound
            ck_unary(code.operation, code.p, code.q, source + start, target + start, block.count)
        }
        tally.add(floats: 2 * y.count)
    }

    /// `dx = dy * op'(x)`; `dx` may be `dy`.
    public func unaryGradient(_ operation: UnaryOperation, x: Region, y: Region, dy: Region, into dx: Region) {
        let (source, result, upstream, target) = (x.floats, y.floats, dy.floats, dx.floats)
        let code = operation.kernel
        forBlocks(dx.count, of: CPUBackend.blockSize) { block in
            let start = block.lowerBound
            ck_unary_gradient(
                code.operation,
                code.p,
                code.q,
                source + start,
                result + start,
                upstream + start,
                target + start,
                block.count
            )
        }
        tally.add(floats: 4 * dx.count)
    }

    /// `y = alpha * x + beta * y`.
    public func accumulate(_ alpha: Float, _ x: Region, _ beta: Float, into y: Region) {
        let (source, target) = (x.floats, y.floats)
        forBlocks(y.count, of: CPUBackend.blockSize) { block in
            ck_accumulate(alpha, source + block.lowerBound, beta, target + block.lowerBound, block.count)
        }
        tally.add(floats: 3 * y.count)
    }

    /// `c = op(a, b)` with broadcasting.
    public func binary(
        _ operation: BinaryOperation,
        _ shape: BroadcastShape,
        _ a: Region,
        _ b: Region,
        into c: Region
    ) {
        let loops = StridedLoops(shape.shape.dimensions, shape.stridesA, shape.stridesB)
        let (left, right, target, code) = (a.floats, b.floats, c.floats, operation.kernel)
        loops.forParts(self) { part in
            let places = ck_broadcast(
                extent: part.extents.tuple,
                a: part.firstStrides.tuple,
                b: part.secondStrides.tuple
            )
            ck_binary(code, places, left + part.first, right + part.second, target + part.position)
        }
        tally.add(floats: a.count + b.count + c.count)
    }

    /// `y = x + gate * branch`.
    public func gatedSum(_ shape: GatedSumShape, _ x: Region, gate: Region, branch: Region, into y: Region) {
        let (source, factor, other, target) = (x.floats, gate.floats, branch.floats, y.floats)
        forParts(shape.parts) { _, sample, rows in
            let start = rows.lowerBound * shape.columns
            ck_gated_sum(
                source + start,
                factor + sample * shape.columns,
                other + start,
                target + start,
                rows.count,
                shape.columns
            )
        }
        tally.add(floats: 3 * y.count)
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
        let (columns, parts) = (shape.columns, shape.parts)
        let partial = dGate.map { _ in temporary(max(1, parts.samples * parts.count * columns)) }
        let sums = partial?.floats
        forParts(parts) { part, sample, rows in
            let start = rows.lowerBound * columns
            ck_gated_sum_gradient(
                factor + sample * columns,
                other + start,
                upstream + start,
                target.map { $0 + start },
                sums.map { $0 + part * columns },
                rows.count,
                columns
            )
        }
        if let sums, let dGate { joinSums(parts, sums, stride: columns, into: dGate) }
        withExtendedLifetime(partial) {}
        tally.add(floats: 3 * dy.count)
    }
}

extension GatedSumShape {
    fileprivate var parts: SampleParts { SampleParts(samples: samples, rows: rows, width: columns) }
}

extension UnaryOperation {
    /// The operation and its parameters in C.
    fileprivate var kernel: (operation: ck_unary_op, p: Float, q: Float) {
        switch self {
        case .negate: (CK_NEGATE, 0, 0)
        case .exp: (CK_EXP, 0, 0)
        case .log: (CK_LOG, 0, 0)
        case .sqrt: (CK_SQRT, 0, 0)
        case .rsqrt: (CK_RSQRT, 0, 0)
        case .reciprocal: (CK_RECIPROCAL, 0, 0)
        case .sin: (CK_SIN, 0, 0)
        case .cos: (CK_COS, 0, 0)
        case .tanh: (CK_TANH, 0, 0)
        case .sigmoid: (CK_SIGMOID, 0, 0)
        case .softplus: (CK_SOFTPLUS, 0, 0)
        case .abs: (CK_ABS, 0, 0)
        case .square: (CK_SQUARE, 0, 0)
        case .relu: (CK_RELU, 0, 0)
        case .silu: (CK_SILU, 0, 0)
        case .geluErf: (CK_GELU_ERF, 0, 0)
        case .geluTanh: (CK_GELU_TANH, 0, 0)
        case .leakyReLU(let slope): (CK_LEAKY_RELU, slope, 0)
        case .power(let exponent): (CK_POWER, exponent, 0)
        case .clamp(let low, let high): (CK_CLAMP, low, high)
        case .affine(let scale, let offset): (CK_AFFINE, scale, offset)
        }
    }
}

extension BinaryOperation {
    fileprivate var kernel: ck_binary_op {
        switch self {
        case .add: CK_ADD
        case .subtract: CK_SUBTRACT
        case .multiply: CK_MULTIPLY
        case .divide: CK_DIVIDE
        case .maximum: CK_MAXIMUM
        case .minimum: CK_MINIMUM
        case .greaterShare: CK_GREATER_SHARE
        }
    }
}

extension SIMD4<Int> {
    /// The numbers as an array in C.
    var tuple: (Int, Int, Int, Int) { (self[0], self[1], self[2], self[3]) }
}
