public import Buffers
import Glibc

extension ReferenceBackend {
    /// Softmax of each row, or its logarithm.
    public func softmax(rows: Int, columns: Int, logarithm: Bool, _ x: Region, into y: Region) {
        let (source, target) = (x.floats, y.floats)
        for row in 0..<rows {
            let values = (0..<columns).map { Double(source[row * columns + $0]) }
            let total = logSumExp(values)
            for (i, value) in values.enumerated() {
                target[row * columns + i] = Float(logarithm ? value - total : exp(value - total))
            }
        }
    }

    /// The gradient of `softmax` from its result.
    public func softmaxGradient(rows: Int, columns: Int, logarithm: Bool, y: Region, dy: Region, into dx: Region) {
        let (result, upstream, target) = (y.floats, dy.floats, dx.floats)
        for row in 0..<rows {
            let places = row * columns..<(row + 1) * columns
            if logarithm {
                let sum = places.reduce(0.0) { $0 + Double(upstream[$1]) }
                for i in places { target[i] = Float(Double(upstream[i]) - exp(Double(result[i])) * sum) }
            } else {
                let sum = places.reduce(0.0) { $0 + Double(upstream[$1]) * Double(result[$1]) }
                for i in places { target[i] = Float(Double(result[i]) * (Double(upstream[i]) - sum)) }
            }
        }
    }

    /// `o = softmax(scale * q k^T + bias) v`.
    public func attention(
        _ shape: AttentionShape,
        _ q: Region,
        _ k: Region,
        _ v: Region,
        bias: Region?,
        into o: Region,
        logSumExp: Region
    ) {
        let (value, target) = (v.floats, o.floats)
        shape.forEachQuery { query in
            let scores = self.scores(shape, query, q, k, bias)
            let total = self.logSumExp(scores)
            logSumExp.floats[query.row] = Float(total)
            var sums = [Double](repeating: 0, count: shape.headSize)
            for (m, score) in scores.enumerated() {
                let start = shape.key(query, m)
                for d in 0..<shape.headSize { sums[d] += exp(score - total) * Double(value[start + d]) }
            }
            for d in 0..<shape.headSize { target[query.result + d] = Float(sums[d]) }
        }
    }

    /// Gradients of `attention`.
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
        var sums = AttentionSums(dq.count, dk.count, dv.count, bias: dBias?.count ?? 0)
        shape.forEachQuery { query in
            let scores = self.scores(shape, query, q, k, bias)
            let total = self.logSumExp(scores)
            sums.add(shape, query, weights: scores.map { exp($0 - total) }, q.floats, k.floats, v.floats, dy.floats)
        }
        shape.write(sums.q, to: dq, tokens: shape.queries, stride: shape.queryStride)
        shape.write(sums.k, to: dk, tokens: shape.keys, stride: shape.keyStride)
        shape.write(sums.v, to: dv, tokens: shape.keys, stride: shape.keyStride)
        write(sums.bias, to: dBias)
    }

    private func scores(_ shape: AttentionShape, _ query: Query, _ q: Region, _ k: Region, _ bias: Region?) -> [Double]
    {
        let (queries, keys) = (q.floats, k.floats)
        return (0..<shape.keys).map { m in
            let start = shape.key(query, m)
            let product = (0..<shape.headSize).reduce(0.0) {
                $0 + Double(queries[query.start + $1]) * Double(keys[start + $1])
            }
            return Double(shape.scale) * product + (bias.map { Double($0.floats[shape.bias(query, m)]) } ?? 0)
        }
    }

    private func logSumExp(_ values: [Double]) -> Double {
        guard let peak = values.max(), peak > -.infinity else { return -.infinity }
        return peak + log(values.reduce(0) { $0 + exp($1 - peak) })
    }
}

/// The gradients of an attention, added up query by query.
private struct AttentionSums {
    typealias Floats = UnsafeMutablePointer<Float>

    var q: [Double]
    var k: [Double]
    var v: [Double]
    var bias: [Double]

    init(_ q: Int, _ k: Int, _ v: Int, bias: Int) {
        self.q = [Double](repeating: 0, count: q)
        self.k = [Double](repeating: 0, count: k)
        self.v = [Double](repeating: 0, count: v)
        self.bias = [Double](repeating: 0, count: bias)
    }

    mutating func add(
        _ shape: AttentionShape,
        _ query: Query,
        weights: [Double],
        _ queries: Floats,
        _ keys: Floats,
        _ values: Floats,
        _ dy: Floats
    ) {
        let slopes = weights.indices.map { m in
            let start = shape.key(query, m)
            return (0..<shape.headSize).reduce(0.0) {
                $0 + Double(dy[query.result + $1]) * Double(values[start + $1])
            }
        }
        let mean = zip(weights, slopes).reduce(0) { $0 + $1.0 * $1.1 }
        for (m, weight) in weights.enumerated() {
            let (start, slope) = (shape.key(query, m), weight * (slopes[m] - mean))
            if !bias.isEmpty { bias[shape.bias(query, m)] += slope }
            for d in 0..<shape.headSize {
                v[start + d] += weight * Double(dy[query.result + d])
                q[query.start + d] += Double(shape.scale) * slope * Double(keys[start + d])
                k[start + d] += Double(shape.scale) * slope * Double(queries[query.start + d])
            }
        }
    }
}

/// One query of one head: its place in `[B, H, N]` and the first elements of its vector and of its result.
private struct Query {
    let batch: Int
    let head: Int
    let position: Int
    let row: Int
    let start: Int
    let result: Int
}

extension AttentionShape {
    fileprivate func forEachQuery(_ body: (Query) -> Void) {
        for batch in 0..<self.batch {
            for head in 0..<heads {
                for position in 0..<queries {
                    let row = (batch * heads + head) * queries + position
                    let token = batch * queries + position
                    let start = token * queryStride + head * headSize
                    let result = (token * heads + head) * headSize
                    body(
                        Query(
                            batch: batch,
                            head: head,
                            position: position,
                            row: row,
                            start: start,
                            result: result
                        )
                    )
                }
            }
        }
    }

    /// The first element of key `m` for a query.
    fileprivate func key(_ query: Query, _ m: Int) -> Int {
        (query.batch * keys + m) * keyStride + query.head * headSize
    }

    /// Rounds the vectors of all tokens to float32; what lies between the tokens stays as it is.
    fileprivate func write(_ values: [Double], to region: Region, tokens: Int, stride: Int) {
        let target = region.floats
        for token in 0..<batch * tokens {
            for i in token * stride..<token * stride + heads * headSize { target[i] = Float(values[i]) }
        }
    }

    /// The bias of key `m` for a query.
    fileprivate func bias(_ query: Query, _ m: Int) -> Int {
        let batch = biasBatch == 1 ? 0 : query.batch
        return ((batch * heads + query.head) * queries + query.position) * keys + m
    }
}
