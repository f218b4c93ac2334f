public import Buffers

extension ReferenceBackend {
    /// `C = finish(alpha * op(A) op(B) + beta * C)` for each matrix of a batch.
    public func matmul(_ shape: GEMM, _ a: Region, _ b: Region, finish: ProductFinish, into c: Region) {
        precondition(finish.isEmpty || shape.batch == 1, "a batch of products has nothing to finish")
        let (rowA, columnA) = shape.transposeA ? (1, shape.m) : (shape.k, 1)
        let (rowB, columnB) = shape.transposeB ? (1, shape.k) : (shape.n, 1)
        for batch in 0..<shape.batch {
            let left = a.floats + batch * shape.strideA
            let right = b.floats + batch * shape.strideB
            let target = c.floats + batch * shape.strideC
            for m in 0..<shape.m {
                for n in 0..<shape.n {
                    var sum = 0.0
                    for k in 0..<shape.k {
                        sum += Double(left[m * rowA + k * columnA]) * Double(right[k * rowB + n * columnB])
                    }
                    let old = shape.beta == 0 ? 0 : Double(shape.beta) * Double(target[m * shape.n + n])
                    target[m * shape.n + n] = Float(Double(shape.alpha) * sum + old)
                }
            }
        }
        self.finish(shape, finish, c)
    }

    private func finish(_ shape: GEMM, _ finish: ProductFinish, _ c: Region) {
        let count = shape.m * shape.n
        if let bias = finish.bias?.floats { for i in 0..<count { c.floats[i] += bias[i % shape.n] } }
        if let inner = finish.inner?.floats { inner.update(from: c.floats, count: count) }
        if let activation = finish.activation { unary(activation.operation, c, into: c) }
        if let place = finish.slopeAt {
            unaryGradient(finish.slope.operation, x: place, y: place, dy: c, into: c)
        }
        if let residual = finish.residual?.floats { for i in 0..<count { c.floats[i] += residual[i] } }
    }

    /// `y = convolution(x, w) + bias`.
    public func convolution(_ shape: ConvolutionShape, _ x: Region, _ w: Region, _ bias: Region?, into y: Region) {
        var sums = [Double](repeating: 0, count: y.count)
        if let bias {
            let values = bias.floats
            for i in 0..<y.count { sums[i] = Double(values[i % shape.outputChannels]) }
        }
        let (image, kernel) = (x.floats, w.floats)
        shape.forEachProduct { input, weight, output in
            sums[output] += Double(image[input]) * Double(kernel[weight])
        }
        write(sums, to: y)
    }

    /// The gradient for the input of a convolution.
    public func convolutionInputGradient(_ shape: ConvolutionShape, _ dy: Region, _ w: Region, into dx: Region) {
        var sums = [Double](repeating: 0, count: dx.count)
        let (upstream, kernel) = (dy.floats, w.floats)
        shape.forEachProduct { input, weight, output in
            sums[input] += Double(upstream[output]) * Double(kernel[weight])
        }
        write(sums, to: dx)
    }

    /// The gradients for the weight and the bias of a convolution.
    public func convolutionWeightGradient(
        _ shape: ConvolutionShape,
        _ x: Region,
        _ dy: Region,
        into dw: Region,
        bias db: Region?
    ) {
        var sums = [Double](repeating: 0, count: dw.count)
        let (image, upstream) = (x.floats, dy.floats)
        shape.forEachProduct { input, weight, output in
            sums[weight] += Double(image[input]) * Double(upstream[output])
        }
        write(sums, to: dw)
        guard let db else { return }
        let channels = shape.outputChannels
        let rows = shape.output.batch * shape.output.height * shape.output.width
        reduce(.sum, ReductionShape(outer: 1, reduced: rows, inner: channels), dy, into: db)
    }
}

extension ConvolutionShape {
    /// Visits the offsets (input, weight, output) of every product of the convolution that does not fall on padding.
    fileprivate func forEachProduct(_ body: (Int, Int, Int) -> Void) {
        for b in 0..<input.batch {
            for h in 0..<outputHeight {
                for w in 0..<outputWidth {
                    for kh in 0..<kernelHeight {
                        for kw in 0..<kernelWidth {
                            let (row, column) = (h * stride + kh - padding.top, w * stride + kw - padding.left)
                            guard row >= 0, row < input.height, column >= 0, column < input.width else { continue }
                            let source = ((b * input.height + row) * input.width + column) * input.channels
                            let target = ((b * outputHeight + h) * outputWidth + w) * outputChannels
                            forEachChannelPair(source, target, kh * kernelWidth + kw, body)
                        }
                    }
                }
            }
        }
    }

    private func forEachChannelPair(_ source: Int, _ target: Int, _ tap: Int, _ body: (Int, Int, Int) -> Void) {
        let (inputs, outputs) = (input.channels / groups, outputChannels / groups)
        for o in 0..<outputChannels {
            for i in 0..<inputs {
                let weight = (o * inputs + i) * kernelHeight * kernelWidth + tap
                body(source + o / outputs * inputs + i, weight, target + o)
            }
        }
    }
}
