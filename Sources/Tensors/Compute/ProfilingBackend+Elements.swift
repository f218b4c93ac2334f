public import Buffers

extension ProfilingBackend {
    /// Timed as elementwise.
    public func convert(_ x: Region, into y: Region) {
        timed(.elementwise) { inner.convert(x, into: y) }
    }

    /// Timed as elementwise.
    public func fill(_ value: Float, into y: Region) {
        timed(.elementwise) { inner.fill(value, into: y) }
    }

    /// Timed as elementwise.
    public func unary(_ operation: UnaryOperation, _ x: Region, into y: Region) {
        timed(.elementwise) { inner.unary(operation, x, into: y) }
    }

    /// Timed as elementwise.
    public func unaryGradient(_ operation: UnaryOperation, x: Region, y: Region, dy: Region, into dx: Region) {
        timed(.elementwise) { inner.unaryGradient(operation, x: x, y: y, dy: dy, into: dx) }
    }

    /// Timed as elementwise.
    public func binary(
        _ operation: BinaryOperation,
        _ shape: BroadcastShape,
        _ a: Region,
        _ b: Region,
        into c: Region
    ) {
        timed(.elementwise) { inner.binary(operation, shape, a, b, into: c) }
    }

    /// Timed as elementwise.
    public func accumulate(_ alpha: Float, _ x: Region, _ beta: Float, into y: Region) {
        timed(.elementwise) { inner.accumulate(alpha, x, beta, into: y) }
    }

    /// Timed as elementwise.
    public func gatedSum(_ shape: GatedSumShape, _ x: Region, gate: Region, branch: Region, into y: Region) {
        timed(.elementwise) { inner.gatedSum(shape, x, gate: gate, branch: branch, into: y) }
    }

    /// Timed as elementwise.
    public func gatedSumGradient(
        _ shape: GatedSumShape,
        gate: Region,
        branch: Region,
        dy: Region,
        into dBranch: Region?,
        dGate: Region?
    ) {
        timed(.elementwise) {
            inner.gatedSumGradient(shape, gate: gate, branch: branch, dy: dy, into: dBranch, dGate: dGate)
        }
    }

    /// Timed as elementwise.
    public func reduce(_ reduction: Reduction, _ shape: ReductionShape, _ x: Region, into y: Region) {
        timed(.elementwise) { inner.reduce(reduction, shape, x, into: y) }
    }

    /// Timed as elementwise.
    public func copy(_ shape: StridedCopy, _ x: Region, into y: Region, accumulate: Bool) {
        timed(.elementwise) { inner.copy(shape, x, into: y, accumulate: accumulate) }
    }

    /// Timed as elementwise.
    public func gatherRows(width: Int, _ x: Region, indices: Region, into y: Region) {
        timed(.elementwise) { inner.gatherRows(width: width, x, indices: indices, into: y) }
    }

    /// Timed as elementwise.
    public func scatterAddRows(width: Int, _ x: Region, indices: Region, into y: Region) {
        timed(.elementwise) { inner.scatterAddRows(width: width, x, indices: indices, into: y) }
    }

    /// Timed as elementwise.
    public func resample(_ kind: Resampling, _ shape: ImageShape, _ x: Region, into y: Region) {
        timed(.elementwise) { inner.resample(kind, shape, x, into: y) }
    }

    /// Timed as elementwise.
    public func resampleGradient(_ kind: Resampling, _ shape: ImageShape, _ dy: Region, into dx: Region) {
        timed(.elementwise) { inner.resampleGradient(kind, shape, dy, into: dx) }
    }

    /// Timed as optimizer.
    public func adamW(
        _ step: AdamWStep,
        parameters: Region,
        gradients: Region,
        first: Region,
        second: Region,
        decayed: [Range<Int>],
        averages: [AverageShift]
    ) {
        timed(.optimizer) {
            inner.adamW(
                step,
                parameters: parameters,
                gradients: gradients,
                first: first,
                second: second,
                decayed: decayed,
                averages: averages
            )
        }
    }
}
