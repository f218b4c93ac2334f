public import Buffers
import CKernels

extension CPUBackend {
    /// Attention in blocks of keys, head by head.
    public func attention(
        _ shape: AttentionShape,
        _ q: Region,
        _ k: Region,
        _ v: Region,
        bias: Region?,
        into o: Region,
        logSumExp: Region
    ) {
        precondition([k, v, o].allSatisfy { $0.dtype == q.dtype }, "attention in several element types")
        let head = shape.head(q.type)
        let (extra, sums) = (bias?.floats, logSumExp.floats)
        let scratch = scratch(ck_attention_scratch(head, false))
        forBlocks(shape.batch * shape.heads, of: shape.headsTogether) { units in
            scratch.borrow { memory in
                for unit in units {
                    let place = HeadPlace(shape, batch: unit / shape.heads, head: unit % shape.heads)
                    ck_attention_forward(
                        head,
                        q.address(place.query),
                        k.address(place.key),
                        v.address(place.key),
                        extra.map { $0 + place.bias },
                        o.address(place.result),
                        sums + unit * shape.queries,
                        memory
                    )
                }
            }
        }
        tally.add(operations: 4 * shape.products)
        tally.add(floats: 2 * (shape.queryCount + shape.keyCount))
    }

    /// Gradients of `attention`; the probabilities are computed again from the log-sum-exps.
    public func attentionGradient(
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
    ) {
        let all = [k, v, o, dy, dq, dk, dv]
        precondition(all.allSatisfy { $0.dtype == q.dtype }, "attention in several element types")
        let head = shape.head(q.type)
        let (extra, dExtra, sums) = (bias?.floats, dBias?.floats, logSumExp.floats)
        let scratch = scratch(ck_attention_scratch(head, true))
        func compute(_ batch: Int, _ index: Int, _ memory: UnsafeMutablePointer<Float>) {
            let place = HeadPlace(shape, batch: batch, head: index)
            ck_attention_backward(
                head,
                q.address(place.query),
                k.address(place.key),
                v.address(place.key),
                extra.map { $0 + place.bias },
                o.address(place.result),
                sums + (batch * shape.heads + index) * shape.queries,
                dy.address(place.result),
                dq.address(place.query),
                dk.address(place.key),
                dv.address(place.key),
                dExtra.map { $0 + place.bias },
                shape.biasBatch == 1 && batch > 0,
                memory
            )
        }
        if dBias != nil, shape.biasBatch == 1 {
            // All samples add to the same gradient, in their order.
            pool.parallelFor(shape.heads) { index in
                scratch.borrow { memory in
                    for batch in 0..<shape.batch { compute(batch, index, memory) }
                }
            }
        } else {
            forBlocks(shape.batch * shape.heads, of: shape.headsTogether) { units in
                scratch.borrow { memory in
                    for unit in units { compute(unit / shape.heads, unit % shape.heads, memory) }
                }
            }
        }
        tally.add(operations: 10 * shape.products)
        tally.add(floats: 4 * (shape.queryCount + shape.keyCount))
    }
}

/// Where the parts of one head begin.
private struct HeadPlace {
    var query: Int
    var key: Int
    var result: Int
    var bias: Int

    init(_ shape: AttentionShape, batch: Int, head: Int) {
        query = batch * shape.queries * shape.queryStride + head * shape.headSize
        key = batch * shape.keys * shape.keyStride + head * shape.headSize
        result = (batch * shape.queries * shape.heads + head) * shape.headSize
        bias = ((shape.biasBatch == 1 ? 0 : batch) * shape.heads + head) * shape.queries * shape.keys
    }
}

extension AttentionShape {
    fileprivate func head(_ type: ck_type) -> ck_attention_head {
        ck_attention_head(
            queries: queries,
            keys: keys,
            size: headSize,
            query_stride: queryStride,
            key_stride: keyStride,
            stride: heads * headSize,
            scale: scale,
            type: type
        )
    }

    /// Numbers of the queries, and of the result.
    fileprivate var queryCount: Int { batch * queries * heads * headSize }

    /// Numbers of the keys, and of the values.
    fileprivate var keyCount: Int { batch * keys * heads * headSize }

    /// Products of one of the two matrix multiplications.
    fileprivate var products: Int { batch * heads * queries * keys * headSize }

    /// Heads of one block: small ones are done several at a time.
    fileprivate var headsTogether: Int { max(1, (1 << 17) / max(1, queries * keys * headSize)) }
}
