import Buffers

extension Tensor {
    /// Group norm of `[B, ..., C]` with scale and shift `[C]` and an activation in the same pass (Wu and He, arXiv:1803.08494).
    ///
    /// Mean and biased variance are taken over all positions and the channels of a group; `groups: C` is instance norm.
    public func groupNorm(
        groups: Int,
        scale: Tensor? = nil,
        shift: Tensor? = nil,
        epsilon: Float,
        activation: Activation = .identity
    ) -> Tensor {
        precondition(shape.rank >= 2 && shape[-1] % groups == 0, "\(groups) groups of \(shape)")
        let sizes = GroupNormShape(
            batch: shape[0],
            positions: shape.dimensions.dropFirst().dropLast().reduce(1, *),
            channels: shape[-1],
            groups: groups,
            epsilon: epsilon
        )
        return groupNorm(sizes, scale, shift, activation)
    }

    /// Batch norm of `[..., C]` with the statistics of this batch (Ioffe and Szegedy, arXiv:1502.03167).
    public func batchNorm(scale: Tensor? = nil, shift: Tensor? = nil, epsilon: Float) -> Tensor {
        let sizes = GroupNormShape(
            batch: 1,
            positions: shape.dimensions.dropLast().reduce(1, *),
            channels: shape[-1],
            groups: shape[-1],
            epsilon: epsilon
        )
        return groupNorm(sizes, scale, shift, .identity)
    }

    private func groupNorm(
        _ sizes: GroupNormShape,
        _ scale: Tensor?,
        _ shift: Tensor?,
        _ activation: Activation
    ) -> Tensor {
        let (x, factor, offset) = (data, scale?.data, shift?.data)
        let statistics = TensorData.uninitialized([sizes.batch, sizes.groups, 2])
        let apply = { (again: Bool) in
            var sizes = sizes
            sizes.hasStatistics = again
            let y = TensorData.uninitialized(x.shape, x.dtype)
            Compute.backend.groupNorm(
                sizes,
                activation: activation,
                x.region,
                scale: factor?.region,
                shift: offset?.region,
                into: y.region,
                statistics: statistics.region
            )
            return y
        }
        let y = apply(false)
        let inputs = AffineInputs(x: self, scale: scale, shift: shift, shape: [sizes.channels])
        let places = inputs.places
        return Tensor.record(y, from: inputs.tensors, remade: RemadeData { apply(true) }) { dy, sink in
            let gradients = places.gradients(x, sink)
            Compute.backend.groupNormGradient(
                sizes,
                activation: activation,
                x: x.region,
                scale: factor?.region,
                shift: offset?.region,
                statistics: statistics.region,
                dy: dy.region,
                into: gradients.x.region,
                dScale: gradients.scale?.region,
                dShift: gradients.shift?.region
            )
            places.add(gradients, to: sink)
        }
    }

    /// Layer norm over the last axis with scale and shift of its length (Ba et al., arXiv:1607.06450).
    ///
    /// Scale and shift are `[C]`, or `[B, 1, ..., 1, C]` for `[B, ..., C]`: one a sample, applied and differentiated in the same pass.
    public func layerNorm(scale: Tensor? = nil, shift: Tensor? = nil, epsilon: Float) -> Tensor {
        rowNorm(scale, shift, epsilon, centered: true)
    }

    /// `x / sqrt(mean(x^2) + epsilon)` over the last axis, times a scale (Zhang and Sennrich, arXiv:1910.07467).
    public func rmsNorm(scale: Tensor? = nil, epsilon: Float) -> Tensor {
        rowNorm(scale, nil, epsilon, centered: false)
    }

    private func rowNorm(_ scale: Tensor?, _ shift: Tensor?, _ epsilon: Float, centered: Bool) -> Tensor {
        let (x, factor, offset) = (data, scale?.data, shift?.data)
        let rows = shape.dimensions.dropLast().reduce(1, *)
        let parameters = (scale ?? shift)?.shape == shape.ofSamples ? shape.ofSamples : [shape[-1]]
        let sizes = LayerNormShape(
            rows: rows,
            columns: shape[-1],
            epsilon: epsilon,
            centered: centered,
            samples: parameters.rank > 1 ? parameters[0] : 1
        )
        let statistics = TensorData.uninitialized([rows, 2])
        let apply = {
            let y = TensorData.uninitialized(x.shape, x.dtype)
            Compute.backend.layerNorm(
                sizes,
                x.region,
                scale: factor?.region,
                shift: offset?.region,
                into: y.region,
                statistics: statistics.region
            )
            return y
        }
        let y = apply()
        let inputs = AffineInputs(x: self, scale: scale, shift: shift, shape: parameters)
        let places = inputs.places
        return Tensor.record(y, from: inputs.tensors, remade: RemadeData(apply)) { dy, sink in
            let gradients = places.gradients(x, sink)
            Compute.backend.layerNormGradient(
                sizes,
                x: x.region,
                scale: factor?.region,
                statistics: statistics.region,
                dy: dy.region,
                into: gradients.x.region,
                dScale: gradients.scale?.region,
                dShift: gradients.shift?.region
            )
            places.add(gradients, to: sink)
        }
    }

    /// Each vector of the last axis divided by its length, or by `epsilon` if that is larger.
    public func normalizedL2(epsilon: Float) -> Tensor {
        self * squared().sum([-1], keepingAxes: true).clamped(epsilon * epsilon, .infinity).rsqrt()
    }

    /// Global response norm of `[B, H, W, C]`: `x * g / (mean over channels of g + epsilon)` with the length `g` of each channel over all
    /// positions (Woo et al., arXiv:2301.00808).
    public func globalResponseNorm(epsilon: Float) -> Tensor {
        // The floor keeps the gradient of the root finite for a channel of zeros; it is far below epsilon.
        let length = squared().sum([-3, -2], keepingAxes: true).clamped(1e-30, .infinity).sqrt()
        return self * (length / (length.mean([-1], keepingAxes: true) + epsilon))
    }
}

extension Shape {
    /// The shape of one vector for each sample of `[B, ..., C]`: `[B, 1, ..., 1, C]`.
    var ofSamples: Shape {
        Shape(dimensions.indices.map { $0 == 0 || $0 == rank - 1 ? dimensions[$0] : 1 })
    }
}

/// The inputs of a normalisation and their places among the inputs of its node.
private struct AffineInputs {
    let tensors: [Tensor]
    let places: AffinePlaces

    init(x: Tensor, scale: Tensor?, shift: Tensor?, shape: Shape) {
        for tensor in [scale, shift] {
            precondition(
                tensor.map { $0.shape == shape } ?? true,
                "scale and shift of \(x.shape) must be \(shape)"
            )
        }
        tensors = [x] + [scale, shift].compactMap(\.self)
        places = AffinePlaces(
            scale: scale.map { _ in 1 },
            shift: shift.map { _ in scale == nil ? 1 : 2 },
            shape: shape
        )
    }
}

private struct AffinePlaces {
    struct Gradients {
        let x: TensorData
        let scale: TensorData?
        let shift: TensorData?
    }

    let scale: Int?
    let shift: Int?
    /// The shape of scale and shift.
    let shape: Shape

    /// Memory for the gradients that are wanted; that of the input is always computed.
    func gradients(_ input: TensorData, _ sink: GradientSink) -> Gradients {
        Gradients(
            x: TensorData.uninitialized(input.shape, input.dtype),
            scale: scale.flatMap { sink.wants($0) ? TensorData.uninitialized(shape) : nil },
            shift: shift.flatMap { sink.wants($0) ? TensorData.uninitialized(shape) : nil }
        )
    }

    func add(_ gradients: Gradients, to sink: GradientSink) {
        sink.add(0, gradients.x)
        if let scale, let gradient = gradients.scale { sink.add(scale, gradient) }
        if let shift, let gradient = gradients.shift { sink.add(shift, gradient) }
    }
}
