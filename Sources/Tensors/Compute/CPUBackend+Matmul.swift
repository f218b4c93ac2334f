public import Buffers
import CKernels

extension CPUBackend {
    /// `C = finish(alpha * op(A) op(B) + beta * C)` for each matrix of a batch.
    public func matmul(_ shape: GEMM, _ a: Region, _ b: Region, finish: ProductFinish, into c: Region) {
        precondition(finish.isEmpty || shape.batch == 1, "a batch of products has nothing to finish")
        guard shape.batch * shape.m * shape.n > 0 else { return }
        if [a, b, c].contains(where: { $0.dtype != .float32 }) {
            let isHalf = a.dtype != .float32 || b.dtype != .float32
            let (left, right) = (isHalf ? rounded(a) : a, isHalf ? rounded(b) : b)
            return inFloat32(c, updating: shape.beta != 0) { target in
                var wide = finish
                wide.bias = finish.bias.map(float32)
                (wide.slopeAt, wide.residual) = (finish.slopeAt.map(float32), finish.residual.map(float32))
                guard let inner = finish.inner else { return matmul(shape, left, right, finish: wide, into: target) }
                inFloat32(inner) {
                    wide.inner = $0
                    matmul(shape, left, right, finish: wide, into: target)
                }
            }
        }
        tally.add(operations: 2 * shape.batch * shape.m * shape.n * shape.k)
        tally.add(floats: shape.batch * (shape.m * shape.k + shape.k * shape.n + shape.m * shape.n))
        guard shape.batch == 1 else { return multiplyEach(shape, a.floats, b.floats, c.floats) }
        let plan = ProductPlan(shape, canSplitDepth: finish.isEmpty)
        if plan.depthParts > 1 {
            multiplyInDepth(shape, plan, a.floats, b.floats, c.floats)
        } else {
            multiply(shape, plan, a.floats, b.floats, finish.kernel(rowOf: shape.n), c.floats)
        }
    }

    // The panels of B are packed once, side by side, and then serve all rows.
    private func multiply(
        _ shape: GEMM,
        _ plan: ProductPlan,
        _ a: UnsafePointer<Float>,
        _ b: UnsafePointer<Float>,
        _ finish: ck_product_finish,
        _ c: UnsafeMutablePointer<Float>
    ) {
        let product = shape.kernel
        let panels = ck_product_panels(shape.n)
        let packed = product.isPacked ? temporary(product.packedCount) : nil
        if let place = packed?.floats {
            forRows(panels, width: product.packedCount / panels) { range in
                withUnsafePointer(to: product) { ck_product_pack($0, b, place, range.lowerBound, range.upperBound) }
            }
        }
        let right = packed.map { UnsafePointer($0.floats) } ?? b
        pool.parallelFor(plan.rowParts * plan.panelParts) { block in
            let rows = plan.rows(block / plan.panelParts)
            let columns = plan.panels(block % plan.panelParts, of: panels)
            compute(product, finish, a, right, packed != nil, c, rows, columns)
        }
        withExtendedLifetime(packed) {}
    }

    // Parts of the sums are made side by side and added in order.
    private func multiplyInDepth(
        _ shape: GEMM,
        _ plan: ProductPlan,
        _ a: UnsafePointer<Float>,
        _ b: UnsafePointer<Float>,
        _ c: UnsafeMutablePointer<Float>
    ) {
        let count = shape.m * shape.n
        let partial = temporary(plan.depthParts * count)
        let sums = partial.floats
        var longest = shape.kernel
        longest.k = plan.depth(0).count
        let scratch = scratch(longest.packedCount)
        pool.parallelFor(plan.depthParts) { index in
            let depth = plan.depth(index)
            var part = shape
            (part.k, part.beta) = (depth.count, 0)
            var product = part.kernel
            (product.a_row, product.b_column) = (shape.kernel.a_row, shape.kernel.b_column)
            let left = a + depth.lowerBound * product.a_column
            let right = b + depth.lowerBound * product.b_row
            scratch.borrow { whole(product, left, right, sums + index * count, $0) }
        }
        forBlocks(count, of: max(64, CPUBackend.blockSize / plan.depthParts)) { range in
            let start = range.lowerBound
            if shape.beta != 0 {
                ck_scale(c + start, range.count, shape.beta)
                for index in 0..<plan.depthParts { ck_axpy(c + start, sums + index * count + start, range.count, 1) }
            } else {
                ck_reduce_columns(CK_SUM, sums + start, count, c + start, plan.depthParts, range.count, 1)
            }
        }
        withExtendedLifetime(partial) {}
    }

    // Whole products side by side, several small ones together.
    private func multiplyEach(
        _ shape: GEMM,
        _ a: UnsafePointer<Float>,
        _ b: UnsafePointer<Float>,
        _ c: UnsafeMutablePointer<Float>
    ) {
        let product = shape.kernel
        let scratch = scratch(product.packedCount)
        let together = ProductPlan.worthwhile / max(1, 2 * shape.m * shape.n * shape.k)
        forBlocks(shape.batch, of: max(1, together)) { range in
            scratch.borrow { memory in
                for index in range {
                    whole(
                        product,
                        a + index * shape.strideA,
                        b + index * shape.strideB,
                        c + index * shape.strideC,
                        memory
                    )
                }
            }
        }
    }

    // One product on the calling thread.
    private func whole(
        _ product: ck_product,
        _ a: UnsafePointer<Float>,
        _ b: UnsafePointer<Float>,
        _ c: UnsafeMutablePointer<Float>,
        _ memory: UnsafeMutablePointer<Float>
    ) {
        let panels = ck_product_panels(product.n)
        let isPacked = product.isPacked
        if isPacked { withUnsafePointer(to: product) { ck_product_pack($0, b, memory, 0, panels) } }
        let right = isPacked ? UnsafePointer(memory) : b
        compute(product, ck_product_finish(), a, right, isPacked, c, 0..<product.m, 0..<panels)
    }

    private func compute(
        _ product: ck_product,
        _ finish: ck_product_finish,
        _ a: UnsafePointer<Float>,
        _ b: UnsafePointer<Float>,
        _ isPacked: Bool,
        _ c: UnsafeMutablePointer<Float>,
        _ rows: Range<Int>,
        _ panels: Range<Int>
    ) {
        withUnsafePointer(to: product) { product in
            withUnsafePointer(to: finish) { finish in
                ck_product_compute(
                    product,
                    finish,
                    a,
                    b,
                    isPacked,
                    c,
                    rows.lowerBound,
                    rows.upperBound,
                    panels.lowerBound,
                    panels.upperBound
                )
            }
        }
    }
}

extension GEMM {
    /// One matrix of the batch in C.
    fileprivate var kernel: ck_product {
        ck_product(
            m: m,
            n: n,
            k: k,
            a_row: transposeA ? 1 : k,
            a_column: transposeA ? m : 1,
            b_row: transposeB ? 1 : n,
            b_column: transposeB ? k : 1,
            c_row: n,
            alpha: alpha,
            beta: beta,
            a_type: CK_FLOAT32,
            b_type: CK_FLOAT32,
            c_type: CK_FLOAT32
        )
    }
}

extension ck_product {
    fileprivate var isPacked: Bool { withUnsafePointer(to: self) { ck_product_packs($0) } }

    /// The float32 numbers that fill the memory of a packed B.
    fileprivate var packedCount: Int {
        withUnsafePointer(to: self) { ck_product_packed_size($0) } / MemoryLayout<Float>.stride
    }
}

extension ProductFinish {
    /// The same in C for a result with rows of `n` numbers.
    fileprivate func kernel(rowOf n: Int) -> ck_product_finish {
        ck_product_finish(
            bias: bias?.floats,
            inner: inner?.floats,
            inner_row: n,
            activates: activation != nil,
            activation: (activation ?? slope).kernel,
            slope_at: slopeAt?.floats,
            slope_row: n,
            residual: residual?.floats,
            residual_row: n
        )
    }
}

extension ProductFinish.Activation {
    fileprivate var kernel: ck_unary_op {
        switch self {
        case .relu: CK_RELU
        case .silu: CK_SILU
        case .geluErf: CK_GELU_ERF
        case .geluTanh: CK_GELU_TANH
        }
    }
}

/// How one product is cut.
///
/// Cuts of rows and panels change no bit, cuts of the depth do; all are a function of the shape alone.
private struct ProductPlan {
    /// Operations of a block that is worth a task.
    static let worthwhile = 1 << 21
    /// Blocks that a product is cut into at most.
    private static let most = 16
    /// Cuts of rows are at multiples of this.
    private static let rowUnit = 64

    var rowParts = 1
    var panelParts = 1
    var depthParts = 1
    private let shape: GEMM

    init(_ shape: GEMM, canSplitDepth: Bool) {
        self.shape = shape
        let parts = min(ProductPlan.most, 2 * shape.m * shape.n * shape.k / ProductPlan.worthwhile)
        guard parts > 1 else { return }
        let panels = ck_product_panels(shape.n)
        rowParts = min(parts, (shape.m + ProductPlan.rowUnit - 1) / ProductPlan.rowUnit)
        panelParts = min((parts + rowParts - 1) / rowParts, panels)
        if canSplitDepth, rowParts * panelParts < 4, shape.k >= 1024, shape.m * shape.n <= 1 << 18 {
            (rowParts, panelParts) = (1, 1)
            depthParts = min(8, parts, shape.k / 512)
        }
    }

    func rows(_ part: Int) -> Range<Int> {
        ProductPlan.cut(shape.m, rowParts, part, unit: ProductPlan.rowUnit)
    }

    func panels(_ part: Int, of panels: Int) -> Range<Int> { ProductPlan.cut(panels, panelParts, part, unit: 1) }

    /// The first part is the longest.
    func depth(_ part: Int) -> Range<Int> {
        let size = (((shape.k + depthParts - 1) / depthParts) + 15) & ~15
        return min(shape.k, part * size)..<min(shape.k, (part + 1) * size)
    }

    // Parts of about equal size with edges at multiples of `unit`.
    private static func cut(_ count: Int, _ parts: Int, _ part: Int, unit: Int) -> Range<Int> {
        func edge(_ part: Int) -> Int { part == parts ? count : min(count, count * part / parts / unit * unit) }
        return edge(part)..<edge(part + 1)
    }
}
