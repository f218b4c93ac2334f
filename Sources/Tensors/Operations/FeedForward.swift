import Buffers

extension Tensor {
    /// `activation(x w1^T + b1) w2^T + b2`: two linear maps of the last axis with an activation between them.
    ///
    /// `w1` is `[H, I]`, `b1` `[H]`, `w2` `[O, H]` and `b2` `[O]`; `[..., I]` becomes `[..., O]`. The activation and its derivative are computed
    /// within the products; what the activation gives is not kept for the way back but computed again.
    public func feedForward(
        _ w1: Tensor,
        _ b1: Tensor,
        _ activation: ProductFinish.Activation,
        _ w2: Tensor,
        _ b2: Tensor
    ) -> Tensor {
        let (inputs, hidden, outputs) = (w1.shape[1], w1.shape[0], w2.shape[0])
        precondition(shape[-1] == inputs && w2.shape[1] == hidden, "\(shape) by \(w1.shape) and \(w2.shape)")
        let rows = shape.dimensions.dropLast().reduce(1, *)
        let (first, second) = (
            LinearMap(rows: rows, inputs: inputs, outputs: hidden),
            LinearMap(rows: rows, inputs: hidden, outputs: outputs)
        )
        let (x, input, weight1, weight2) = (saved, shape, w1.data, w2.data)
        let isRecorded = [self, w1, b1, w2, b2].contains(where: \.isRecorded)
        let inner = isRecorded ? TensorData.uninitialized([rows, hidden], dtype) : nil
        let activated = TensorData.uninitialized([rows, hidden], dtype)
        var finish = ProductFinish(bias: b1.data.region)
        finish.activation = activation
        finish.inner = inner?.region
        Compute.backend.matmul(first.forward, data.region, weight1.region, finish: finish, into: activated.region)
        let y = TensorData.uninitialized(shape.replacing(axis: -1, with: outputs), dtype)
        finish = ProductFinish(bias: b2.data.region)
        Compute.backend.matmul(second.forward, activated.region, weight2.region, finish: finish, into: y.region)
        guard let inner else { return Tensor(y) }
        return Tensor.record(y, from: [self, w1, b1, w2, b2]) { dy, sink in
            sink.accumulate(3, weight2.shape) { region, isEmpty in
                let activated = inner.unary(activation.operation)
                second.addWeightGradient(dy, activated, into: region, isEmpty: isEmpty)
            }
            sink.add(4, dy.summed(to: [outputs]))
            guard sink.wants(0) || sink.wants(1) || sink.wants(2) else { return }
            let dInner = TensorData.uninitialized([rows, hidden], inner.dtype)
            var finish = ProductFinish()
            finish.slopeAt = inner.region
            finish.slope = activation
            let backward = GEMM(m: rows, n: hidden, k: outputs)
            Compute.backend.matmul(backward, dy.region, weight2.region, finish: finish, into: dInner.region)
            sink.accumulate(0, input) { first.addInputGradient(dInner, weight1, into: $0, isEmpty: $1) }
            sink.accumulate(1, weight1.shape) { first.addWeightGradient(dInner, x.data, into: $0, isEmpty: $1) }
            sink.add(2, dInner.summed(to: [hidden]))
        }
    }
}
