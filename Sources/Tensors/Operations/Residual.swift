import Buffers

extension Tensor {
    /// `self + gate * branch` in one pass: a residual connection `[B, ..., C]` whose gate `[B, 1, ..., 1, C]` is one vector a sample.
    public func adding(_ branch: Tensor, gate: Tensor) -> Tensor {
        precondition(branch.shape == shape && shape.rank >= 2, "\(branch.shape) cannot be added to \(shape)")
        precondition(gate.shape == shape.ofSamples, "a gate \(gate.shape) for \(shape)")
        let sizes = GatedSumShape(
            samples: shape[0],
            rows: shape.dimensions.dropFirst().dropLast().reduce(1, *),
            columns: shape[-1]
        )
        let (g, b) = (gate.data, branch.data)
        let y = TensorData.uninitialized(shape, dtype)
        Compute.backend.gatedSum(sizes, data.region, gate: g.region, branch: b.region, into: y.region)
        return Tensor.record(y, from: [self, branch, gate]) { dy, sink in
            sink.add(0, dy)
            let dBranch = sink.wants(1) ? TensorData.uninitialized(b.shape, b.dtype) : nil
            let dGate = sink.wants(2) ? TensorData.uninitialized(g.shape) : nil
            guard dBranch != nil || dGate != nil else { return }
            Compute.backend.gatedSumGradient(
                sizes,
                gate: g.region,
                branch: b.region,
                dy: dy.region,
                into: dBranch?.region,
                dGate: dGate?.region
            )
            if let dBranch { sink.add(1, dBranch) }
            if let dGate { sink.add(2, dGate) }
        }
    }
}
