import Buffers

extension Tensor {
    /// A convolution (cross-correlation) of images `[B, H, W, C]` with a weight `[O, C / groups, KH, KW]` and a bias `[O]`.
    ///
    /// The result is `[B, H', W', O]`, in the element type of the images; axes before the last three are a batch.
    public func convolution(
        _ weight: Tensor,
        bias: Tensor? = nil,
        stride: Int = 1,
        padding: Padding = .zero,
        groups: Int = 1
    ) -> Tensor {
        let (w, lead) = (weight.shape, shape.dimensions.dropLast(3))
        precondition(w.rank == 4 && shape.rank >= 3, "convolution of \(shape) with \(w)")
        precondition(w[1] * groups == shape[-1] && w[0] % groups == 0, "\(shape) with \(w) in \(groups) groups")
        if w[2] == 1, w[3] == 1, stride == 1, padding == .zero, groups == 1 {
            return linear(weight.reshaped([w[0], w[1]]), bias: bias)
        }
        let input = ImageShape(batch: lead.reduce(1, *), height: shape[-3], width: shape[-2], channels: shape[-1])
        let sizes = ConvolutionShape(
            input: input,
            outputChannels: w[0],
            kernelHeight: w[2],
            kernelWidth: w[3],
            stride: stride,
            padding: padding,
            groups: groups
        )
        precondition(sizes.fits, "a kernel \(w) is larger than \(shape) with its padding")
        let output = sizes.output
        let y = TensorData.uninitialized(Shape(lead + [output.height, output.width, output.channels]), dtype)
        let (x, kernel, shape) = (saved, weight.data, shape)
        Compute.backend.convolution(sizes, data.region, kernel.region, bias?.data.region, into: y.region)
        return Tensor.record(y, from: [self, weight] + (bias.map { [$0] } ?? [])) { dy, sink in
            sizes.addInputGradient(sink, dy, kernel, shape)
            sizes.addWeightGradient(sink, x, dy, kernel.shape, withBias: bias != nil)
        }
    }

    /// A transposed convolution of images `[B, H, W, I]` with a weight `[I, O, KH, KW]` and a bias `[O]`.
    ///
    /// It is the gradient of a convolution for its input; the result is `[B, (H - 1) * stride + KH - padding, ..., O]`.
    public func transposedConvolution(
        _ weight: Tensor,
        bias: Tensor? = nil,
        stride: Int = 1,
        padding: Padding = .zero
    ) -> Tensor {
        let (w, lead) = (weight.shape, shape.dimensions.dropLast(3))
        precondition(
            w.rank == 4 && shape.rank >= 3 && w[0] == shape[-1],
            "transposed convolution of \(shape) with \(w)"
        )
        let height = (shape[-3] - 1) * stride + w[2] - padding.top - padding.bottom
        let width = (shape[-2] - 1) * stride + w[3] - padding.left - padding.right
        let sizes = ConvolutionShape(
            input: ImageShape(batch: lead.reduce(1, *), height: height, width: width, channels: w[1]),
            outputChannels: w[0],
            kernelHeight: w[2],
            kernelWidth: w[3],
            stride: stride,
            padding: padding,
            groups: 1
        )
        let y = TensorData.uninitialized(Shape(lead + [height, width, w[1]]), dtype)
        let (x, kernel) = (data, weight.data)
        Compute.backend.convolutionInputGradient(sizes, x.region, kernel.region, into: y.region)
        let result = Tensor.record(y, from: [self, weight]) { dy, sink in
            if sink.wants(0) {
                let dx = TensorData.uninitialized(x.shape, x.dtype)
                Compute.backend.convolution(sizes, dy.region, kernel.region, nil, into: dx.region)
                sink.add(0, dx)
            }
            sizes.addWeightGradient(sink, .kept(dy), x, kernel.shape, withBias: false)
        }
        return bias.map { result + $0 } ?? result
    }

    /// A convolution of volumes `[B, D, H, W, C]` with a weight `[O, C, KD, KH, KW]`, as a sum of plane convolutions over the depth taps.
    ///
    /// `padding` zeros surround every axis; `depthPadding` overrides it for the depth.
    public func convolution3D(_ weight: Tensor, bias: Tensor? = nil, padding: Int, depthPadding: Int? = nil) -> Tensor {
        let w = weight.shape
        precondition(w.rank == 5 && shape.rank == 5 && w[1] == shape[-1], "convolution of \(shape) with \(w)")
        let volume = padded(axis: 1, before: depthPadding ?? padding, after: depthPadding ?? padding)
        let depth = volume.shape[1] - w[2] + 1
        precondition(depth > 0, "a kernel \(w) is deeper than \(shape) with its padding")
        let taps = (0..<w[2]).map { tap in
            let plane = weight.slice(axis: 2, tap..<tap + 1).reshaped([w[0], w[1], w[3], w[4]])
            let part = volume.slice(axis: 1, tap..<tap + depth)
            return part.convolution(plane, bias: tap == 0 ? bias : nil, padding: Padding(padding))
        }
        return taps.dropFirst().reduce(taps[0]) { $0 + $1 }
    }
}

extension ConvolutionShape {
    /// Whether the kernel fits into the input with its padding.
    fileprivate var fits: Bool {
        kernelHeight <= input.height + padding.top + padding.bottom
            && kernelWidth <= input.width + padding.left + padding.right
    }

    fileprivate func addInputGradient(_ sink: GradientSink, _ dy: TensorData, _ weight: TensorData, _ shape: Shape) {
        guard sink.wants(0) else { return }
        let dx = TensorData.uninitialized(shape, dy.dtype)
        Compute.backend.convolutionInputGradient(self, dy.region, weight.region, into: dx.region)
        sink.add(0, dx)
    }

    /// Adds the gradient of input 1, the weight, and of input 2, the bias.
    fileprivate func addWeightGradient(
        _ sink: GradientSink,
        _ x: SavedData,
        _ dy: TensorData,
        _ shape: Shape,
        withBias: Bool
    ) {
        let wantsBias = withBias && sink.wants(2)
        guard sink.wants(1) || wantsBias else { return }
        let dw = TensorData.uninitialized(shape)
        let db = wantsBias ? TensorData.uninitialized([outputChannels]) : nil
        Compute.backend.convolutionWeightGradient(self, x.data.region, dy.region, into: dw.region, bias: db?.region)
        sink.add(1, dw)
        if let db { sink.add(2, db) }
    }
}
