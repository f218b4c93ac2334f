public import Buffers

/// The kernels that operations on tensors are made of.
///
/// All arguments are regions of storage, never host pointers, so that a backend may keep them on a device. Layouts are row-major, images
/// channels last. Every result is a pure function of the inputs with a fixed order of additions: bits never depend on the number of threads.
/// Outputs do not overlap inputs unless a comment allows it. Activations, their gradients and the weights of products hold float32 or
/// bfloat16; sums are formed in float32. A matrix product with one operand in bfloat16 takes the other one rounded to it; images of a
/// convolution and parts of an attention have one type. Statistics, log-sum-exps and what the optimiser keeps are float32.
public protocol Backend: Sendable {
    /// A short name for reports, such as `cpu`.
    var name: String { get }

    /// The work done so far; zeros from a backend that does not count.
    var counters: WorkCounters { get }

    /// Memory for `count` elements, not initialised.
    func allocate(_ count: Int, _ dtype: DType) -> Storage

    /// `y = x` in the element type of `y`, rounded to the nearest, ties to even.
    func convert(_ x: Region, into y: Region)

    /// `y[i] = value`.
    func fill(_ value: Float, into y: Region)

    /// `y = op(x)`, element by element; `y` may be `x`.
    func unary(_ operation: UnaryOperation, _ x: Region, into y: Region)

    /// `dx = dy * op'(x)`; `dx` may be `dy`.
    ///
    /// Gradients of `exp`, `sqrt`, `rsqrt`, `reciprocal`, `tanh` and `sigmoid` are computed from `y = op(x)` and never read `x`; all others
    /// are computed from `x` and never read `y`: only one of the two needs to be kept.
    func unaryGradient(_ operation: UnaryOperation, x: Region, y: Region, dy: Region, into dx: Region)

    /// `c = op(a, b)` with operands read through broadcasting strides.
    func binary(_ operation: BinaryOperation, _ shape: BroadcastShape, _ a: Region, _ b: Region, into c: Region)

    /// `y = alpha * x + beta * y`, element by element.
    func accumulate(_ alpha: Float, _ x: Region, _ beta: Float, into y: Region)

    /// `y = x + gate * branch` over `[samples, rows, columns]` with a gate `[samples, columns]`; `x` and `branch` may be the same.
    func gatedSum(_ shape: GatedSumShape, _ x: Region, gate: Region, branch: Region, into y: Region)

    /// Gradients of `gatedSum` for the branch and the gate, both written, in one pass; that for `x` is `dy` itself.
    func gatedSumGradient(
        _ shape: GatedSumShape,
        gate: Region,
        branch: Region,
        dy: Region,
        into dBranch: Region?,
        dGate: Region?
    )

    /// `y[o, i] = reduction over r of x[o, r, i]`.
    func reduce(_ reduction: Reduction, _ shape: ReductionShape, _ x: Region, into y: Region)

    /// Copies elements between strided places; with `accumulate` it adds to what is there (source places may repeat, target places may not).
    func copy(_ shape: StridedCopy, _ x: Region, into y: Region, accumulate: Bool)

    /// `C = finish(alpha * op(A) op(B) + beta * C)` for each matrix of a batch; only a product without a batch has something to finish.
    func matmul(_ shape: GEMM, _ a: Region, _ b: Region, finish: ProductFinish, into c: Region)

    /// `y = convolution(x, w) + bias`; `w` is `[O, I / groups, KH, KW]`, `x` and `y` are channels last.
    func convolution(_ shape: ConvolutionShape, _ x: Region, _ w: Region, _ bias: Region?, into y: Region)

    /// The gradient for the input of a convolution; also the forward pass of a transposed convolution.
    func convolutionInputGradient(_ shape: ConvolutionShape, _ dy: Region, _ w: Region, into dx: Region)

    /// The gradient for the weight and, if asked for, the bias of a convolution.
    func convolutionWeightGradient(
        _ shape: ConvolutionShape,
        _ x: Region,
        _ dy: Region,
        into dw: Region,
        bias db: Region?
    )

    /// Group norm with optional scale and shift per channel and a fused activation; `statistics` receives mean and inverse deviation per
    /// batch and group, `[B, G, 2]`, or has them.
    func groupNorm(
        _ shape: GroupNormShape,
        activation: Activation,
        _ x: Region,
        scale: Region?,
        shift: Region?,
        into y: Region,
        statistics: Region
    )

    /// Gradients of `groupNorm`; `dScale` and `dShift` are written, not added to.
    func groupNormGradient(
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
    )

    /// Layer norm over the last axis, with optional scale and shift `[samples, columns]`; `statistics` is `[rows, 2]`: mean and inverse
    /// deviation. With `centered` false it is RMS norm and the mean is 0.
    func layerNorm(
        _ shape: LayerNormShape,
        _ x: Region,
        scale: Region?,
        shift: Region?,
        into y: Region,
        statistics: Region
    )

    /// Gradients of `layerNorm` in one pass; `dScale` and `dShift` are written, not added to.
    func layerNormGradient(
        _ shape: LayerNormShape,
        x: Region,
        scale: Region?,
        statistics: Region,
        dy: Region,
        into dx: Region,
        dScale: Region?,
        dShift: Region?
    )

    /// Softmax of each row; `logarithm` gives its logarithm.
    func softmax(rows: Int, columns: Int, logarithm: Bool, _ x: Region, into y: Region)

    /// The gradient of `softmax` from its result `y`.
    func softmaxGradient(rows: Int, columns: Int, logarithm: Bool, y: Region, dy: Region, into dx: Region)

    /// `o = softmax(scale * q k^T + bias) v` without an N x M matrix in memory beyond a block; `logSumExp` is `[B, H, N]`. With strides
    /// wider than a token, `q`, `k` and `v` may be parts of the same memory.
    func attention(
        _ shape: AttentionShape,
        _ q: Region,
        _ k: Region,
        _ v: Region,
        bias: Region?,
        into o: Region,
        logSumExp: Region
    )

    /// Gradients of `attention`; all are written, not added to; `dBias` has the shape of the bias. What lies between the tokens of `dq`,
    /// `dk` and `dv` stays as it is.
    func attentionGradient(
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
    )

    /// `y[i, :] = x[indices[i], :]`; `indices` holds int64 in range.
    func gatherRows(width: Int, _ x: Region, indices: Region, into y: Region)

    /// `y[indices[i], :] += x[i, :]` in the order of i.
    func scatterAddRows(width: Int, _ x: Region, indices: Region, into y: Region)

    /// Changes the resolution of images by a factor of two.
    func resample(_ kind: Resampling, _ shape: ImageShape, _ x: Region, into y: Region)

    /// The gradient of `resample`; `shape` is that of its input.
    func resampleGradient(_ kind: Resampling, _ shape: ImageShape, _ dy: Region, into dx: Region)

    /// One step of AdamW in one pass (Loshchilov and Hutter, arXiv:1711.05101): moments and parameters are updated in place. Elements of
    /// the ranges in `decayed` shrink by `rate * weightDecay` first. Then the averages move towards the new parameters.
    func adamW(
        _ step: AdamWStep,
        parameters: Region,
        gradients: Region,
        first: Region,
        second: Region,
        decayed: [Range<Int>],
        averages: [AverageShift]
    )
}

extension Backend {
    /// `C = alpha * op(A) op(B) + beta * C` for each matrix of a batch.
    public func matmul(_ shape: GEMM, _ a: Region, _ b: Region, into c: Region) {
        matmul(shape, a, b, finish: ProductFinish(), into: c)
    }
}
