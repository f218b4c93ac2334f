import Buffers

extension Tensor {
    /// Softmax over the last axis.
    public func softmax() -> Tensor { softmax(logarithm: false) }

    /// The logarithm of the softmax over the last axis.
    public func logSoftmax() -> Tensor { softmax(logarithm: true) }

    private func softmax(logarithm: Bool) -> Tensor {
        let (rows, columns) = (shape.dimensions.dropLast().reduce(1, *), shape[-1])
        let y = TensorData.uninitialized(shape, dtype)
        Compute.backend.softmax(rows: rows, columns: columns, logarithm: logarithm, data.region, into: y.region)
        return Tensor.record(y, from: [self]) { dy, sink in
            guard sink.wants(0) else { return }
            let dx = TensorData.uninitialized(y.shape, y.dtype)
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
        let q = query.data
        let (k, v) = (key.data.converted(to: q.dtype), value.data.converted(to: q.dtype))
        let b = bias?.data.converted(to: .float32)
        let o = TensorData.uninitialized(query.shape, q.dtype)
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
            let gradients = [q, k, v].map { TensorData.uninitialized($0.shape, $0.dtype) }
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

    /// `softmax(scale * q k^T) v` of queries, keys and values that lie side by side, `[B, N, 3, H, D]`, read and differentiated in place.
    ///
    /// The result is `[B, N, H, D]`, with the bits of ``attention(_:_:_:scale:bias:)`` on copies of the three parts; axes before the last
    /// four are a batch. The scale is `1 / sqrt(D)` if nil.
    public static func attention(packed: Tensor, scale: Float? = nil) -> Tensor {
        let sizes = AttentionShape(packed: packed.shape, scale: scale)
        let x = packed.data
        let (q, k, v) = sizes.parts(of: x.region)
        let o = TensorData.uninitialized(
            Shape(x.shape.dimensions.dropLast(3) + x.shape.dimensions.suffix(2)),
            x.dtype
        )
        let logSumExp = TensorData.uninitialized([sizes.batch, sizes.heads, sizes.queries])
        Compute.backend.attention(sizes, q, k, v, bias: nil, into: o.region, logSumExp: logSumExp.region)
        return record(o, from: [packed]) { dy, sink in
            guard sink.wants(0) else { return }
            let dx = TensorData.uninitialized(x.shape, x.dtype)
            let (q, k, v) = sizes.parts(of: x.region)
            let (dq, dk, dv) = sizes.parts(of: dx.region)
            Compute.backend.attentionGradient(
                sizes,
                q: q,
                k: k,
                v: v,
                bias: nil,
                o: o.region,
                logSumExp: logSumExp.region,
                dy: dy.region,
                into: dq,
                dk,
                dv,
                dBias: nil
            )
            sink.add(0, dx)
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

    fileprivate init(packed: Shape, scale: Float?) {
        precondition(packed.rank >= 4 && packed[-3] == 3, "\(packed) does not hold queries, keys and values")
        self.init(
            batch: packed.dimensions.dropLast(4).reduce(1, *),
            queries: packed[-4],
            keys: packed[-4],
            heads: packed[-2],
            headSize: packed[-1],
            scale: scale ?? 1 / Float(packed[-1]).squareRoot(),
            biasBatch: 0
        )
        queryStride = 3 * packed[-2] * packed[-1]
        keyStride = queryStride
    }

    /// From where on queries, keys and values lie in packed memory.
    fileprivate func parts(of packed: Region) -> (q: Region, k: Region, v: Region) {
        let width = heads * headSize
        func part(_ index: Int) -> Region { packed.part(min(index * width, packed.count)..<packed.count) }
        return (part(0), part(1), part(2))
    }
}
