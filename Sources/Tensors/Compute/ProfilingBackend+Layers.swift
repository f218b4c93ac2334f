public import Buffers

extension ProfilingBackend {
    /// Timed as products.
    public func matmul(_ shape: GEMM, _ a: Region, _ b: Region, finish: ProductFinish, into c: Region) {
        timed(.products) { inner.matmul(shape, a, b, finish: finish, into: c) }
    }

    /// Timed as products.
    public func convolution(_ shape: ConvolutionShape, _ x: Region, _ w: Region, _ bias: Region?, into y: Region) {
        timed(.products) { inner.convolution(shape, x, w, bias, into: y) }
    }

    /// Timed as products.
    public func convolutionInputGradient(_ shape: ConvolutionShape, _ dy: Region, _ w: Region, into dx: Region) {
        timed(.products) { inner.convolutionInputGradient(shape, dy, w, into: dx) }
    }

    /// Timed as products.
    public func convolutionWeightGradient(
        _ shape: ConvolutionShape,
        _ x: Region,
        _ dy: Region,
        into dw: Region,
        bias db: Region?
    ) {
        timed(.products) { inner.convolutionWeightGradient(shape, x, dy, into: dw, bias: db) }
    }

    /// Timed as attention.
    public func softmax(rows: Int, columns: Int, logarithm: Bool, _ x: Region, into y: Region) {
        timed(.attention) { inner.softmax(rows: rows, columns: columns, logarithm: logarithm, x, into: y) }
    }

    /// Timed as attention.
    public func softmaxGradient(rows: Int, columns: Int, logarithm: Bool, y: Region, dy: Region, into dx: Region) {
        timed(.attention) {
            inner.softmaxGradient(rows: rows, columns: columns, logarithm: logarithm, y: y, dy: dy, into: dx)
        }
    }

    /// Timed as attention.
    public func attention(
        _ shape: AttentionShape,
        _ q: Region,
        _ k: Region,
        _ v: Region,
        bias: Region?,
        into o: Region,
        logSumExp: Region
    ) {
        timed(.attention) { inner.attention(shape, q, k, v, bias: bias, into: o, logSumExp: logSumExp) }
    }

    /// Timed as attention.
    public func attentionGradient(
        _ shape: AttentionShape,
        q: Region,
        k: Region,
        v: Region,
        bias: Region?,
        o: Region,
        logSumExp: Region,
        dy: Region,
        into dq: Region,
        _ dk: Region,
        _ dv: Region,
        dBias: Region?
    ) {
        timed(.attention) {
            inner.attentionGradient(
                shape,
                q: q,
                k: k,
                v: v,
                bias: bias,
                o: o,
                logSumExp: logSumExp,
                dy: dy,
                into: dq,
                dk,
                dv,
                dBias: dBias
            )
        }
    }

    /// Timed as norm.
    public func groupNorm(
        _ shape: GroupNormShape,
        activation: Activation,
        _ x: Region,
        scale: Region?,
        shift: Region?,
        into y: Region,
        statistics: Region
    ) {
        timed(.norm) {
            inner.groupNorm(
                shape,
                activation: activation,
                x,
                scale: scale,
                shift: shift,
                into: y,
                statistics: statistics
            )
        }
    }

    /// Timed as norm.
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
        timed(.norm) {
            inner.groupNormGradient(
                shape,
                activation: activation,
                x: x,
                scale: scale,
                shift: shift,
                statistics: statistics,
                dy: dy,
                into: dx,
                dScale: dScale,
                dShift: dShift
            )
        }
    }

    /// Timed as norm.
    public func layerNorm(
        _ shape: LayerNormShape,
        _ x: Region,
        scale: Region?,
        shift: Region?,
        into y: Region,
        statistics: Region
    ) {
        timed(.norm) { inner.layerNorm(shape, x, scale: scale, shift: shift, into: y, statistics: statistics) }
    }

    /// Timed as norm.
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
        timed(.norm) {
            inner.layerNormGradient(
                shape,
                x: x,
                scale: scale,
                statistics: statistics,
                dy: dy,
                into: dx,
                dScale: dScale,
                dShift: dShift
            )
        }
    }
}
