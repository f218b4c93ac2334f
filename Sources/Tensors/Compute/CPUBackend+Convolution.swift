public import Buffers
import CKernels
import COneDNN

extension CPUBackend {
    /// `y = convolution(x, w) + bias`.
    public func convolution(_ shape: ConvolutionShape, _ x: Region, _ w: Region, _ bias: Region?, into y: Region) {
        guard y.count > 0 else { return }
        if [x, w, y].contains(where: { $0.dtype != .float32 }), !shape.isPointwise {
            return inFloat32(y) { convolution(shape, float32(x), rounded(w), bias.map(float32), into: $0) }
        }
        if shape.isPointwise {
            var product = GEMM(m: shape.pixels, n: shape.outputChannels, k: shape.input.channels)
            product.transposeB = true
            return matmul(product, x, w, finish: ProductFinish(bias: bias), into: y)
        }
        tally(shape, x, w, y)
        if let fast = shape.winograd { return winograd(fast, x, w, bias: bias, into: y) }
        let plan = convolutions.plan(shape, bias == nil ? .forward : .forwardWithBias, parts: 16)
        let weights = temporary(plan.whole.weightCount)
        plan.whole.packWeights(w.floats, into: weights.floats)
        let (source, target, offset) = (x.floats, y.floats, bias?.floats)
        let scratch = scratch(plan.scratchCount)
        pool.parallelFor(plan.parts) { part in
            scratch.borrow { memory in
                let (images, primitive) = plan.part(part)
                primitive.run([
                    (DNNL_ARG_SRC, source + images.lowerBound * shape.inputCount),
                    (DNNL_ARG_WEIGHTS, weights.floats), (DNNL_ARG_BIAS, offset),
                    (DNNL_ARG_DST, target + images.lowerBound * shape.outputCount), (DNNL_ARG_SCRATCHPAD, memory),
                ])
            }
        }
    }

    /// The gradient for the input of a convolution.
    public func convolutionInputGradient(_ shape: ConvolutionShape, _ dy: Region, _ w: Region, into dx: Region) {
        guard dy.count > 0 else { return fill(0, into: dx) }
        if [dy, w, dx].contains(where: { $0.dtype != .float32 }), !shape.isPointwise {
            return inFloat32(dx) { convolutionInputGradient(shape, float32(dy), rounded(w), into: $0) }
        }
        if shape.isPointwise {
            let product = GEMM(m: shape.pixels, n: shape.input.channels, k: shape.outputChannels)
            return matmul(product, dy, w, into: dx)
        }
        if let fast = shape.winograd {
            tally(shape, dx, w, dy)
            return winograd(fast.mirrored, dy, w, mirrored: true, into: dx)
        }
        if let mirrored = shape.mirrored {
            let weights = mirroredWeights(shape, w)
            return convolution(mirrored, dy, weights, nil, into: dx)
        }
        tally(shape, dx, w, dy)
        let plan = convolutions.plan(shape, .inputGradient, parts: 16)
        let weights = temporary(plan.whole.weightCount)
        plan.whole.packWeights(w.floats, into: weights.floats)
        let (upstream, target) = (dy.floats, dx.floats)
        let scratch = scratch(plan.scratchCount)
        pool.parallelFor(plan.parts) { part in
            scratch.borrow { memory in
                let (images, primitive) = plan.part(part)
                primitive.run([
                    (DNNL_ARG_DIFF_DST, upstream + images.lowerBound * shape.outputCount),
                    (DNNL_ARG_WEIGHTS, weights.floats),
                    (DNNL_ARG_DIFF_SRC, target + images.lowerBound * shape.inputCount),
                    (DNNL_ARG_SCRATCHPAD, memory),
                ])
            }
        }
    }

    // Weights with input and output channels exchanged and each kernel turned by half a turn.
    private func mirroredWeights(_ shape: ConvolutionShape, _ w: Region) -> Region {
        let (groups, taps) = (shape.groups, shape.kernelHeight * shape.kernelWidth)
        let (inputs, outputs) = (shape.input.channels / groups, shape.outputChannels / groups)
        let target: Shape = [groups, inputs, outputs, taps]
        let result = temporary(w.count)
        let order = StridedCopy(
            shape: target,
            sourceOffset: taps - 1,
            sourceStrides: [inputs * outputs * taps, taps, inputs * taps, -1],
            targetOffset: 0,
            targetStrides: target.strides
        )
        copy(order, w, into: result, accumulate: false)
        return result
    }

    /// The gradients for the weight and the bias of a convolution.
    public func convolutionWeightGradient(
        _ shape: ConvolutionShape,
        _ x: Region,
        _ dy: Region,
        into dw: Region,
        bias db: Region?
    ) {
        guard x.count * dy.count > 0 else {
            fill(0, into: dw)
            return db.map { fill(0, into: $0) } ?? ()
        }
        if [x, dy].contains(where: { $0.dtype != .float32 }), !shape.isPointwise {
            return convolutionWeightGradient(shape, float32(x), float32(dy), into: dw, bias: db)
        }
        let fast = shape.winograd
        if let db, shape.isPointwise || fast != nil {
            let rows = ReductionShape(outer: 1, reduced: shape.outputPixels, inner: shape.outputChannels)
            reduce(.sum, rows, dy, into: db)
        }
        if shape.isPointwise {
            var product = GEMM(m: shape.outputChannels, n: shape.input.channels, k: shape.pixels)
            product.transposeA = true
            return matmul(product, dy, x, into: dw)
        }
        tally(shape, x, dw, dy)
        if let fast { return winogradWeightGradient(fast, x, dy, into: dw) }
        weightGradient(shape, x.floats, dy.floats, dw.floats, db?.floats)
    }

    // Each part of the batch makes a gradient of its own; they are added in order.
    private func weightGradient(
        _ shape: ConvolutionShape,
        _ x: UnsafeMutablePointer<Float>,
        _ dy: UnsafeMutablePointer<Float>,
        _ dw: UnsafeMutablePointer<Float>,
        _ db: UnsafeMutablePointer<Float>?
    ) {
        let plan = convolutions.plan(shape, db == nil ? .weightGradient : .weightGradientWithBias, parts: 8)
        let (count, channels) = (plan.whole.weightCount, shape.outputChannels)
        let partial = temporary(plan.parts * count)
        let biases = temporary(plan.parts * channels)
        let scratch = scratch(plan.scratchCount)
        pool.parallelFor(plan.parts) { part in
            scratch.borrow { memory in
                let (images, primitive) = plan.part(part)
                primitive.run([
                    (DNNL_ARG_SRC, x + images.lowerBound * shape.inputCount),
                    (DNNL_ARG_DIFF_DST, dy + images.lowerBound * shape.outputCount),
                    (DNNL_ARG_DIFF_WEIGHTS, partial.floats + part * count),
                    (DNNL_ARG_DIFF_BIAS, db == nil ? nil : biases.floats + part * channels),
                    (DNNL_ARG_SCRATCHPAD, memory),
                ])
            }
        }
        let sums = temporary(count)
        forBlocks(count, of: max(64, CPUBackend.blockSize / plan.parts)) { range in
            let start = range.lowerBound
            ck_reduce_columns(
                CK_SUM,
                partial.floats + start,
                count,
                sums.floats + start,
                plan.parts,
                range.count,
                1
            )
        }
        plan.whole.unpackWeights(sums.floats, into: dw)
        if let db { ck_reduce_columns(CK_SUM, biases.floats, channels, db, plan.parts, channels, 1) }
    }

    private func tally(_ shape: ConvolutionShape, _ x: Region, _ w: Region, _ y: Region) {
        tally.add(operations: 2 * y.count * w.count / max(1, shape.outputChannels))
        tally.add(floats: x.count + w.count + y.count)
    }
}

extension ConvolutionShape {
    /// Elements of one input image.
    var inputCount: Int { input.height * input.width * input.channels }
    /// Elements of one image of the result.
    var outputCount: Int { outputHeight * outputWidth * outputChannels }
    /// The convolution with mirrored weights that gives the gradient for the input, if the stride is 1: the forward kernels are faster.
    fileprivate var mirrored: ConvolutionShape? {
        let (bottom, right) = (kernelHeight - 1 - padding.bottom, kernelWidth - 1 - padding.right)
        let around = Padding(
            top: kernelHeight - 1 - padding.top,
            left: kernelWidth - 1 - padding.left,
            bottom: bottom,
            right: right
        )
        guard stride == 1, min(around.top, around.left, bottom, right) >= 0 else { return nil }
        return ConvolutionShape(
            input: output,
            outputChannels: input.channels,
            kernelHeight: kernelHeight,
            kernelWidth: kernelWidth,
            stride: 1,
            padding: around,
            groups: groups
        )
    }
    /// Pixels of all images.
    fileprivate var pixels: Int { input.batch * input.height * input.width }
    /// Pixels of all results.
    fileprivate var outputPixels: Int { input.batch * outputHeight * outputWidth }
    /// Whether every pixel is a product of its own.
    fileprivate var isPointwise: Bool {
        kernelHeight == 1 && kernelWidth == 1 && stride == 1 && groups == 1 && padding == .zero
    }
}
