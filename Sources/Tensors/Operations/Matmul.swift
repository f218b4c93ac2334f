import Buffers

extension Tensor {
    /// The matrix product of `[..., M, K]` and `[..., K, N]`; with `transposed` the other is `[..., N, K]`.
    ///
    /// Leading axes broadcast; an `other` of rank 2 is shared by all of them in one product. The result has the element type of this tensor; if
    /// one of the two is bfloat16, the other one is rounded to it.
    public func matmul(_ other: Tensor, transposed: Bool = false) -> Tensor {
        precondition(shape.rank >= 2 && other.shape.rank >= 2, "product of \(shape) and \(other.shape)")
        let product = MatrixProduct(shape, other.shape, transposed: transposed)
        let a = product.fits(shape) ? self : broadcast(to: product.lead(shape))
        let b = product.fits(other.shape) ? other : other.broadcast(to: product.lead(other.shape))
        let (left, right) = (a.data, b.data)
        let y = TensorData.uninitialized(product.result, dtype)
        Compute.backend.matmul(product.forward(left, right), left.region, right.region, into: y.region)
        return Tensor.record(y, from: [a, b]) { dy, sink in
            product.addLeft(sink, left, right, dy)
            product.addRight(sink, left, right, dy)
        }
    }

    /// `x w^T + b` for a weight `[O, I]` and a bias `[O]`: `[..., I]` becomes `[..., O]`, in the element type of x.
    public func linear(_ weight: Tensor, bias: Tensor? = nil) -> Tensor {
        precondition(weight.shape.rank == 2 && shape[-1] == weight.shape[1], "\(shape) by a weight \(weight.shape)")
        let (x, w, inputs, outputs) = (saved, weight.data, weight.shape[1], weight.shape[0])
        let input = shape
        let rows = shape.dimensions.dropLast().reduce(1, *)
        let result = shape.replacing(axis: -1, with: outputs)
        let y = TensorData.uninitialized(result, dtype)
        let map = LinearMap(rows: rows, inputs: inputs, outputs: outputs)
        let finish = ProductFinish(bias: bias?.data.region)
        Compute.backend.matmul(map.forward, data.region, w.region, finish: finish, into: y.region)
        return Tensor.record(y, from: [self, weight] + (bias.map { [$0] } ?? [])) { dy, sink in
            sink.accumulate(0, input) { map.addInputGradient(dy, w, into: $0, isEmpty: $1) }
            sink.accumulate(1, w.shape) { map.addWeightGradient(dy, x.data, into: $0, isEmpty: $1) }
            if bias != nil { sink.add(2, dy.summed(to: [outputs])) }
        }
    }
}

/// The sizes of a linear map of rows, and its gradients.
struct LinearMap {
    let rows: Int
    let inputs: Int
    let outputs: Int

    /// `x w^T`.
    var forward: GEMM {
        var gemm = GEMM(m: rows, n: outputs, k: inputs)
        gemm.transposeB = true
        return gemm
    }

    /// Adds `dy w`.
    func addInputGradient(_ dy: TensorData, _ w: TensorData, into region: Region, isEmpty: Bool) {
        var gemm = GEMM(m: rows, n: inputs, k: outputs)
        gemm.beta = isEmpty ? 0 : 1
        Compute.backend.matmul(gemm, dy.region, w.region, into: region)
    }

    /// Adds `dy^T x`.
    func addWeightGradient(_ dy: TensorData, _ x: TensorData, into region: Region, isEmpty: Bool) {
        var gemm = GEMM(m: outputs, n: inputs, k: rows)
        gemm.transposeA = true
        gemm.beta = isEmpty ? 0 : 1
        Compute.backend.matmul(gemm, dy.region, x.region, into: region)
    }
}

/// The sizes of a product of batches of matrices.
private struct MatrixProduct {
    let m: Int
    let n: Int
    let k: Int
    let transposed: Bool
    let leading: Shape
    /// Whether the rows of all batches are one matrix, because the right side is shared.
    let isFolded: Bool

    init(_ a: Shape, _ b: Shape, transposed: Bool) {
        let (leadA, leadB) = (Shape(Array(a.dimensions.dropLast(2))), Shape(Array(b.dimensions.dropLast(2))))
        guard let leading = leadA.broadcast(with: leadB) else { preconditionFailure("product of \(a) and \(b)") }
        precondition(a[-1] == (transposed ? b[-1] : b[-2]), "product of \(a) and \(b), transposed: \(transposed)")
        self.leading = leading
        self.transposed = transposed
        isFolded = leadB.count == 1 && leadA.count == leading.count
        m = a[-2]
        k = a[-1]
        n = transposed ? b[-2] : b[-1]
    }

    var result: Shape { Shape(leading.dimensions + [m, n]) }

    /// Whether a side can be read as it lies: one matrix for all, or one for each.
    func fits(_ side: Shape) -> Bool {
        let lead = side.dimensions.dropLast(2).reduce(1, *)
        return lead == 1 || lead == leading.count
    }

    /// A side with the leading axes of the result.
    func lead(_ side: Shape) -> Shape { Shape(leading.dimensions + side.dimensions.suffix(2)) }

    func forward(_ a: TensorData, _ b: TensorData) -> GEMM {
        var gemm = GEMM(m: m, n: n, k: k)
        gemm.transposeB = transposed
        set(&gemm, a.shape.count == m * k ? 0 : m * k, b.shape.count == k * n ? 0 : k * n, m * n)
        return gemm
    }

    /// Batches, or rows of one matrix if the right side is shared.
    private func set(_ gemm: inout GEMM, _ strideA: Int, _ strideB: Int, _ strideC: Int) {
        if isFolded {
            gemm.m *= leading.count
        } else {
            gemm.batch = leading.count
            (gemm.strideA, gemm.strideB, gemm.strideC) = (strideA, strideB, strideC)
        }
    }

    func addLeft(_ sink: GradientSink, _ a: TensorData, _ b: TensorData, _ dy: TensorData) {
        guard sink.wants(0) else { return }
        var gemm = GEMM(m: m, n: k, k: n)
        gemm.transposeB = !transposed
        set(&gemm, m * n, b.shape.count == k * n ? 0 : k * n, m * k)
        let result = TensorData.uninitialized(Shape(leading.dimensions + [m, k]), a.dtype)
        Compute.backend.matmul(gemm, dy.region, b.region, into: result.region)
        sink.add(0, reduced(result, to: a.shape))
    }

    func addRight(_ sink: GradientSink, _ a: TensorData, _ b: TensorData, _ dy: TensorData) {
        guard sink.wants(1) else { return }
        var gemm = transposed ? GEMM(m: n, n: k, k: m) : GEMM(m: k, n: n, k: m)
        gemm.transposeA = true
        let (left, right) = transposed ? (dy, a) : (a, dy)
        if isFolded {
            gemm.k *= leading.count
            sink.accumulate(1, b.shape) { region, isEmpty in
                gemm.beta = isEmpty ? 0 : 1
                Compute.backend.matmul(gemm, left.region, right.region, into: region)
            }
            return
        }
        let strideOfA = a.shape.count == m * k ? 0 : m * k
        gemm.batch = leading.count
        (gemm.strideA, gemm.strideB) = transposed ? (m * n, strideOfA) : (strideOfA, m * n)
        gemm.strideC = k * n
        let result = TensorData.uninitialized(Shape(leading.dimensions + (transposed ? [n, k] : [k, n])))
        Compute.backend.matmul(gemm, left.region, right.region, into: result.region)
        sink.add(1, reduced(result, to: b.shape))
    }

    /// Adds the gradients of all batches up if one matrix served them all.
    private func reduced(_ gradient: TensorData, to side: Shape) -> TensorData {
        guard gradient.shape.count != side.count else { return gradient.reshaped(side) }
        let matrix = Array(side.dimensions.suffix(2))
        return gradient.reshaped(Shape([leading.count] + matrix)).reduced(.sum, [0]).reshaped(side)
    }
}
