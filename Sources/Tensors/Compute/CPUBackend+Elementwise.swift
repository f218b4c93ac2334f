public import Buffers
import CKernels

extension CPUBackend {
    /// `y[i] = value`.
    public func fill(_ value: Float, into y: Region) {
        let staging = Staging(self, reading: [], writing: [y], most: CPUBackend.blockSize)
        forBlocks(y.count, of: CPUBackend.blockSize) { block in
            staging.run(block) { _, outputs in ck_fill(outputs[0], block.count, value) }
        }
        tally.add(writing: [y])
    }

    /// `y = op(x)`; `y` may be `x`.
    public func unary(_ operation: UnaryOperation, _ x: Region, into y: Region) {
        let code = operation.kernel
        let staging = Staging(self, reading: [x], writing: [y], most: CPUBackend.blockSize)
        forBlocks(y.count, of: CPUBackend.blockSize) { block in
            staging.run(block) { inputs, outputs in
                ck_unary(code.operation, code.p, code.q, inputs[0], outputs[0], block.count)
            }
        }
        tally.add(reading: [x], writing: [y])
    }

    /// `dx = dy * op'(x)`; `dx` may be `dy`.
    public func unaryGradient(_ operation: UnaryOperation, x: Region, y: Region, dy: Region, into dx: Region) {
        let code = operation.kernel
        let staging = Staging(self, reading: [x, y, dy], writing: [dx], most: CPUBackend.blockSize)
        forBlocks(dx.count, of: CPUBackend.blockSize) { block in
            staging.run(block) { inputs, outputs in
                ck_unary_gradient(
                    code.operation,
                    code.p,
                    code.q,
                    inputs[0],
                    inputs[1],
                    inputs[2],
                    outputs[0],
                    block.count
                )
            }
        }
        tally.add(reading: [x, y, dy], writing: [dx])
    }

    /// `y = alpha * x + beta * y`.
    public func accumulate(_ alpha: Float, _ x: Region, _ beta: Float, into y: Region) {
        let staging = Staging(self, reading: [x], writing: [y], updating: beta != 0, most: CPUBackend.blockSize)
        forBlocks(y.count, of: CPUBackend.blockSize) { block in
            staging.run(block) { inputs, outputs in ck_accumulate(alpha, inputs[0], beta, outputs[0], block.count) }
        }
        tally.add(reading: [x, y], writing: [y])
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
        let code = operation.kernel
        // An operand that is repeated is read in no order: it is widened as a whole, if it must be.
        let (denseA, denseB) = (a.count == c.count, b.count == c.count)
        let (left, right) = (denseA ? a : float32(a), denseB ? b : float32(b))
        let dense = (denseA ? [left] : []) + (denseB ? [right] : [])
        let staging = Staging(self, reading: dense, writing: [c], most: CPUBackend.blockSize)
        loops.forParts(self) { part in
            let places = ck_broadcast(
                extent: part.extents.tuple,
                a: part.firstStrides.tuple,
                b: part.secondStrides.tuple
            )
            staging.run(part.range) { inputs, outputs in
                let first = denseA ? inputs[0] : left.floats + part.first
                let second = denseB ? inputs[dense.count - 1] : right.floats + part.second
                ck_binary(code, places, first, second, outputs[0])
            }
        }
        tally.add(reading: [a, b], writing: [c])
    }

    /// `y = x + gate * branch`.
    public func gatedSum(_ shape: GatedSumShape, _ x: Region, gate: Region, branch: Region, into y: Region) {
        let (parts, factor) = (shape.parts, float32(gate))
        let staging = Staging(self, reading: [x, branch], writing: [y], most: parts.most)
        forParts(parts) { _, sample, rows in
            staging.run(rows.of(shape.columns)) { inputs, outputs in
                let weights = factor.floats + sample * shape.columns
                ck_gated_sum(inputs[0], weights, inputs[1], outputs[0], rows.count, shape.columns)
            }
        }
        tally.add(reading: [x, branch], writing: [y])
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
        let (columns, parts, factor) = (shape.columns, shape.parts, float32(gate))
        let targets = dBranch.map { [$0] } ?? []
        let staging = Staging(self, reading: [branch, dy], writing: targets, most: parts.most)
        let partial = dGate.map { _ in temporary(max(1, parts.samples * parts.count * columns)) }
        let sums = partial?.floats
        forParts(parts) { part, sample, rows in
            staging.run(rows.of(columns)) { inputs, outputs in
                ck_gated_sum_gradient(
                    factor.floats + sample * columns,
                    inputs[0],
                    inputs[1],
                    outputs.first,
                    sums.map { $0 + part * columns },
                    rows.count,
                    columns
                )
            }
        }
        if let sums, let dGate { inFloat32(dGate) { joinSums(parts, sums, stride: columns, into: $0) } }
        withExtendedLifetime(partial) {}
        tally.add(reading: [branch, dy], writing: targets)
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
