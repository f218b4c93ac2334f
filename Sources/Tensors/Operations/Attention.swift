import Buffers

extension Tensor {
    /// Softmax over the last axis.
    public func softmax() -> Tensor { softmax(logarithm: false) }

    /// The logarithm of the softmax over the last axis.
    public func logSoftmax() -> Tensor { softmax(logarithm: true) }

    private func softmax(logarithm: Bool) -> Tensor {
        let (rows, columns) = (shape.dimensions.dropLast().reduce(1, *), shape[-1])
        let y = TensorData.uninitialized(shape)
        Compute.backend.softmax(rows: rows, columns: columns, logarithm: logarithm, data.region, into: y.region)
        return Tensor.record(y, from: [self]) { dy, sink in
            guard sink.wants(0) else { return }
            let dx = TensorData.uninitialized(y.shape)
            Compute.backend.softmaxGradient(
                rows: rows,
                columns: columns,
                logarithm: logarithm,
                y: y.region,
                dy: dy.region,
                into: dx.region
            )
            sink.add(0, dx)
        }
    }

    /// `softmax(scale * q k^T + bias) v` of each head (Vaswani et al., arXiv:1706.03762).
    ///
    /// Queries are `[B, N, H, D]`, keys and values `[B, M, H, D]`, the bias `[1 or B, H, N, M]`, the result `[B, N, H, D]`; axes before the
    /// last three are a batch. The scale is `1 / sqrt(D)` if nil.
    public static func attention(
        _ query: Tensor,
        _ key: Tensor,
        _ value: Tensor,
        scale: Float? = nil,
        bias: Tensor? = nil
    ) -> Tensor {
        let sizes = AttentionShape(query.shape, key.shape, value.shape, scale: scale, bias: bias?.shape)
        let (q, k, v, b) = (query.data, key.data, value.data, bias?.data)
        let o = TensorData.uninitialized(query.shape)
        let logSumExp = TensorData.uninitialized([sizes.batch, sizes.heads, sizes.queries])
        Compute.backend.attention(
            sizes,
            q.region,
            k.region,
            v.region,
            bias: b?.region,
            into: o.region,
            logSumExp: logSumExp.region
        )
        return record(o, from: [query, key, value] + (bias.map { [$0] } ?? [])) { dy, sink in
            let gradients = [q, k, v].map { TensorData.uninitialized($0.shape) }
            let dBias = b.flatMap { sink.wants(3) ? TensorData.uninitialized($0.shape) : nil }
            Compute.backend.attentionGradient(
                sizes,
                q: q.region,
                k: k.region,
                v: v.region,
                bias: b?.region,
                o: o.region,
                logSumExp: logSumExp.region,
                dy: dy.region,
                into: gradients[0].region,
                gradients[1].region,
                gradients[2].region,
                dBias: dBias?.region
            )
            for (input, gradient) in gradients.enumerated() { sink.add(input, gradient) }
            if let dBias { sink.add(3, dBias) }
        }
    }
}

extension AttentionShape {
    fileprivate init(_ query: Shape, _ key: Shape, _ value: Shape, scale: Float?, bias: Shape?) {
        precondition(query.rank >= 3 && key == value, "attention of \(query) over \(key) and \(value)")
        let batch = query.dimensions.dropLast(3).reduce(1, *)
        let expected = Shape(query.dimensions.dropLast(3) + [key[-3], query[-2], query[-1]])
        precondition(key == expected, "attention of \(query) over \(key)")
        if let bias {
            let matrices: Shape = [bias.dimensions.dropLast(3).reduce(1, *), query[-2], query[-3], key[-3]]
            precondition(
                Array(bias.dimensions.suffix(3)) == Array(matrices.dimensions.suffix(3))
                    && (matrices[0] == 1 || matrices[0] == batch),
                "a bias \(bias) for attention of \(query) over \(key)"
            )
        }
        self.init(
            batch: batch,
            queries: query[-3],
            keys: key[-3],
            heads: query[-2],
            headSize: query[-1],
            scale: scale ?? 1 / Float(query[-1]).squareRoot(),
            biasBatch: bias.map { $0.dimensions.dropLast(3).reduce(1, *) } ?? 0
        )
    }
}
