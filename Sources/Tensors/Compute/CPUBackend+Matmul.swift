public import Buffers
import CKernels

extension CPUBackend {
    /// `C = finish(alpha * op(A) op(B) + beta * C)` for each matrix of a batch.
    public func matmul(_ shape: GEMM, _ a: Region, _ b: Region, finish: ProductFinish, into c: Region) {
        precondition(finish.isEmpty || shape.batch == 1, "a batch of products has nothing to finish")
        guard shape.batch * shape.m * shape.n > 0 else { return }
        tally.add(operations: 2 * shape.batch * shape.m * shape.n * shape.k)
        tally.add(reading: [a, b], writing: [c])
        guard shape.batch == 1 else { return multiplyEach(shape, a, b, c) }
        let plan = ProductPlan(shape, canSplitDepth: finish.isEmpty && c.dtype == .float32)
        if plan.depthParts > 1 {
            multiplyInDepth(shape, plan, a, b, c.floats)
        } else {
            var finish = finish
            finish.bias = finish.bias.map(float32)
            multiply(shape, plan, a, b, finish, c)
        }
    }

    // The panels of B are packed once, side by side, and then serve all rows.
    private func multiply(
        _ shape: GEMM,
        _ plan: ProductPlan,
        _ a: Region,
        _ b: Region,
        _ finish: ProductFinish,
        _ c: Region
    ) {
        let product = shape.kernel(a.type, b.type, c.type)
        let end = finish.kernel(rowOf: shape.n, c.dtype)
        let panels = ck_product_panels(shape.n)
        let packed = product.isPacked ? temporary(product.packedCount) : nil
        if let place = packed?.floats {
            forRows(panels, width: product.packedCount / panels) { range in
                withUnsafePointer(to: product) {
                    ck_product_pack($0, b.address, place, range.lowerBound, range.upperBound)
                }
            }
        }
        let right = packed?.address ?? b.address
        pool.parallelFor(plan.rowParts * plan.panelParts) { block in
            let rows = plan.rows(block / plan.panelParts)
            let columns = plan.panels(block % plan.panelParts, of: panels)
            compute(product, end, a.address, right, packed != nil, c.address, rows, columns)
        }
        withExtendedLifetime((packed, finish.bias)) {}
    }

    // Parts of the sums are made side by side and added in order.
    private func multiplyInDepth(
        _ shape: GEMM,
        _ plan: ProductPlan,
        _ a: Region,
        _ b: Region,
        _ c: UnsafeMutablePointer<Float>
    ) {
        let whole = shape.kernel(a.type, b.type, CK_FLOAT32)
        let count = shape.m * shape.n
        let partial = temporary(plan.depthParts * count)
        let sums = partial.floats
        var longest = whole
        longest.k = plan.depth(0).count
        let scratch = scratch(longest.packedCount)
        pool.parallelFor(plan.depthParts) { index in
            let depth = plan.depth(index)
            var product = whole
            (product.k, product.beta) = (depth.count, 0)
            let left = a.address(depth.lowerBound * product.a_column)
            let right = b.address(depth.lowerBound * product.b_row)
            scratch.borrow { multiplyWhole(product, left, right, sums + index * count, $0) }
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
        _ a: Region,
        _ b: Region,
        _ c: Region
    ) {
        let product = shape.kernel(a.type, b.type, c.type)
        let scratch = scratch(product.packedCount)
        let together = ProductPlan.worthwhile / max(1, 2 * shape.m * shape.n * shape.k)
        forBlocks(shape.batch, of: max(1, together)) { range in
            scratch.borrow { memory in
                for index in range {
                    multiplyWhole(
                        product,
                        a.address(index * shape.strideA),
                        b.address(index * shape.strideB),
                        c.address(index * shape.strideC),
                        memory
                    )
                }
            }
        }
    }

    // One product on the calling thread.
    private func multiplyWhole(
        _ product: ck_product,
        _ a: UnsafeRawPointer,
        _ b: UnsafeRawPointer,
        _ c: UnsafeMutableRawPointer,
        _ memory: UnsafeMutablePointer<Float>
    ) {
        let panels = ck_product_panels(product.n)
        let isPacked = product.isPacked
        if isPacked { withUnsafePointer(to: product) { ck_product_pack($0, b, memory, 0, panels) } }
        let right = isPacked ? UnsafeRawPointer(memory) : b
        compute(product, ck_product_finish(), a, right, isPacked, c, 0..<product.m, 0..<panels)
    }

    private func compute(
        _ product: ck_product,
        _ finish: ck_product_finish,
        _ a: UnsafeRawPointer,
        _ b: UnsafeRawPointer,
        _ isPacked: Bool,
        _ c: UnsafeMutableRawPointer,
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
    fileprivate func kernel(_ a: ck_type, _ b: ck_type, _ c: ck_type) -> ck_product {
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
            a_type: a,
            b_type: b,
            c_type: c
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
    /// The same in C for a result with rows of `n` numbers of a type.
    fileprivate func kernel(rowOf n: Int, _ dtype: DType) -> ck_product_finish {
        for region in [inner, slopeAt, residual] {
            precondition(region.map { $0.dtype == dtype } ?? true, "what belongs to a result of \(dtype) has its type")
        }
        return ck_product_finish(
            bias: bias?.floats,
            inner: inner?.address,
            inner_row: n,
            activates: activation != nil,
            activation: (activation ?? slope).kernel,
            slope_at: slopeAt?.address,
            slope_row: n,
            residual: residual?.address,
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
