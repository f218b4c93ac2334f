public import Buffers
import CKernels

/// Convolutions take one of three ways by their shape alone: a kernel of one pixel is a matrix product, one of 3 x 3 pixels goes by
/// Winograd's algorithm where that takes fewer multiplications, and all others read their windows where they lie.
extension CPUBackend {
    /// `y = convolution(x, w) + bias`.
    public func convolution(_ shape: ConvolutionShape, _ x: Region, _ w: Region, _ bias: Region?, into y: Region) {
        precondition(x.dtype == y.dtype, "images of \(x.dtype) and of \(y.dtype)")
        guard y.count > 0 else { return }
        if shape.isPointwise {
            var product = GEMM(m: shape.pixels, n: shape.outputChannels, k: shape.input.channels)
            product.transposeB = true
            return matmul(product, x, w, finish: ProductFinish(bias: bias), into: y)
        }
        tally(shape, x, w, y)
        let offset = bias.map(float32)
        if let fast = shape.winograd(x.type, w.type) { return winograd(fast, x, w, bias: offset, into: y) }
        convolve(shape.kernel(x.type, w.type), CK_CONVOLVE_FORWARD, x, w, offset, into: y)
    }

    /// The gradient for the input of a convolution.
    public func convolutionInputGradient(_ shape: ConvolutionShape, _ dy: Region, _ w: Region, into dx: Region) {
        precondition(dx.dtype == dy.dtype, "images of \(dx.dtype) and of \(dy.dtype)")
        guard dy.count > 0 else { return fill(0, into: dx) }
        if shape.isPointwise {
            let product = GEMM(m: shape.pixels, n: shape.input.channels, k: shape.outputChannels)
            return matmul(product, dy, w, into: dx)
        }
        tally(shape, dx, w, dy)
        if let fast = shape.winograd(dy.type, w.type) {
            return winograd(fast.mirrored, dy, w, mirrored: true, into: dx)
        }
        convolve(shape.kernel(dy.type, w.type), CK_CONVOLVE_INPUT_GRADIENT, dy, w, nil, into: dx)
    }

    // Weights are packed once and serve all rows of the result.
    private func convolve(
        _ shape: ck_convolution,
        _ pass: ck_convolve_pass,
        _ source: Region,
        _ w: Region,
        _ bias: Region?,
        into result: Region
    ) {
        let panels = ck_convolve_panels(shape, pass)
        let packed = temporary(ck_convolve_weight_count(shape, pass))
        let place = packed.floats
        forRows(panels, width: packed.count / max(1, panels)) { range in
            ck_convolve_pack(shape, pass, w.address, place, range.lowerBound, range.upperBound)
        }
        let (rows, unit) = (ck_convolve_rows(shape, pass), ck_convolve_block(shape, pass))
        let blocks = (rows + unit - 1) / unit
        // Few rows are shared out by panels too.
        let parts = max(1, min(panels, CPUBackend.convolutionBlocks / max(1, blocks)))
        let together = max(1, blocks / CPUBackend.convolutionBlocks) * unit
        let scratch = scratch(ck_convolve_scratch(shape, pass))
        pool.parallelFor((rows + together - 1) / together * parts) { index in
            let (row, part) = (index / parts * together, index % parts)
            scratch.borrow { memory in
                ck_convolve(
                    shape,
                    pass,
                    source.address,
                    place,
                    bias?.floats,
                    result.address,
                    memory,
                    row,
                    min(rows, row + together),
                    panels * part / parts,
                    panels * (part + 1) / parts
                )
            }
        }
        withExtendedLifetime((packed, bias)) {}
    }

    /// The gradients for the weight and the bias of a convolution.
    public func convolutionWeightGradient(
        _ shape: ConvolutionShape,
        _ x: Region,
        _ dy: Region,
        into dw: Region,
        bias db: Region?
    ) {
        precondition(x.dtype == dy.dtype, "images of \(x.dtype) and of \(dy.dtype)")
        guard x.count * dy.count > 0 else {
            fill(0, into: dw)
            return db.map { fill(0, into: $0) } ?? ()
        }
        if let db {
            let rows = ReductionShape(outer: 1, reduced: shape.outputPixels, inner: shape.outputChannels)
            reduce(.sum, rows, dy, into: db)
        }
        if shape.isPointwise {
            var product = GEMM(m: shape.outputChannels, n: shape.input.channels, k: shape.pixels)
            product.transposeA = true
            return matmul(product, dy, x, into: dw)
        }
        tally(shape, x, dw, dy)
        if let fast = shape.winograd(x.type, dw.type) { return winogradWeightGradient(fast, x, dy, into: dw) }
        weightGradient(shape.kernel(x.type, dw.type), x, dy, into: dw)
    }

    // Each part of the pixels makes a gradient of its own; they are added in order.
    private func weightGradient(_ shape: ck_convolution, _ x: Region, _ dy: Region, into dw: Region) {
        let (parts, panels) = (ck_convolve_gradient_parts(shape), ck_convolve_gradient_panels(shape))
        let count = ck_convolve_gradient_count(shape)
        let partial = temporary(parts * count)
        let sums = partial.floats
        let pieces = max(1, min(panels, CPUBackend.convolutionBlocks / max(1, parts)))
        let scratch = scratch(ck_convolve_gradient_scratch(shape))
        pool.parallelFor(parts * pieces) { index in
            let (part, piece) = (index / pieces, index % pieces)
            let (from, to) = (panels * piece / pieces, panels * (piece + 1) / pieces)
            scratch.borrow { memory in
                ck_convolve_gradient(shape, x.address, dy.address, sums + part * count, memory, part, from, to)
            }
        }
        let target = dw.floats
        forRows(shape.output_channels, width: parts * count / shape.output_channels) { channels in
            ck_convolve_gradient_finish(shape, sums, target, channels.lowerBound, channels.upperBound)
        }
        withExtendedLifetime(partial) {}
    }

    /// Blocks that a convolution is cut into, about.
    private static let convolutionBlocks = 16

    private func tally(_ shape: ConvolutionShape, _ x: Region, _ w: Region, _ y: Region) {
        tally.add(operations: 2 * y.count * w.count / max(1, shape.outputChannels))
        tally.add(reading: [x, w], writing: [y])
    }
}

extension ConvolutionShape {
    /// The same in C.
    fileprivate func kernel(_ images: ck_type, _ weights: ck_type) -> ck_convolution {
        ck_convolution(
            batch: input.batch,
            height: input.height,
            width: input.width,
            input_channels: input.channels,
            output_height: outputHeight,
            output_width: outputWidth,
            output_channels: outputChannels,
            kernel_height: kernelHeight,
            kernel_width: kernelWidth,
            stride: stride,
            top: padding.top,
            left: padding.left,
            groups: groups,
            type: images,
            weight_type: weights
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
