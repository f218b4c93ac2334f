public import Buffers
import CKernels
import COneDNN
import COpenBLAS

extension CPUBackend {
    /// `C = alpha * op(A) op(B) + beta * C` for each matrix of a batch.
    public func matmul(_ shape: GEMM, _ a: Region, _ b: Region, into c: Region) {
        multiply(shape, a.floats, b.floats, c.floats)
    }

    /// The same on bare memory; `bias` of length n is added to each row of C.
    func multiply(
        _ shape: GEMM,
        _ a: UnsafePointer<Float>,
        _ b: UnsafePointer<Float>,
        _ c: UnsafeMutablePointer<Float>,
        bias: UnsafePointer<Float>? = nil
    ) {
        guard shape.batch * shape.m * shape.n > 0 else { return }
        tally.add(operations: shape.batch * shape.operations)
        tally.add(floats: shape.batch * (shape.m * shape.k + shape.k * shape.n + shape.m * shape.n))
        let plan = MatmulPlan(shape)
        if plan.depthParts > 1 {
            multiplyInDepth(shape, plan, a, b, c)
            if let bias { addRows(bias, c, rows: shape.m, columns: shape.n) }
            return
        }
        let blocks = plan.rowParts * plan.columnParts
        forBlocks(shape.batch * blocks, of: plan.together) { units in
            for unit in units {
                let (matrix, block) = (unit / blocks, unit % blocks)
                let rows = plan.rows(block / plan.columnParts)
                let columns = plan.columns(block % plan.columnParts)
                let target = c + matrix * shape.strideC + rows.lowerBound * shape.n + columns.lowerBound
                shape.block(rows, columns, 0..<shape.k).compute(
                    a + matrix * shape.strideA,
                    b + matrix * shape.strideB,
                    target
                )
                if let bias { addBias(bias + columns.lowerBound, target, rows.count, columns.count, shape.n) }
            }
        }
    }

    // Parts of the sums are made side by side and added in order.
    private func multiplyInDepth(
        _ shape: GEMM,
        _ plan: MatmulPlan,
        _ a: UnsafePointer<Float>,
        _ b: UnsafePointer<Float>,
        _ c: UnsafeMutablePointer<Float>
    ) {
        let count = shape.m * shape.n
        let partial = temporary(plan.depthParts * count)
        let sums = partial.floats
        var part = shape
        part.beta = 0
        pool.parallelFor(plan.depthParts) { index in
            part.block(0..<shape.m, 0..<shape.n, plan.depth(index)).compute(a, b, sums + index * count)
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

    private func addRows(
        _ bias: UnsafePointer<Float>,
        _ c: UnsafeMutablePointer<Float>,
        rows: Int,
        columns: Int
    ) {
        forRows(rows, width: columns) { ck_add_row(bias, c + $0.lowerBound * columns, $0.count, columns) }
    }

    private func addBias(
        _ bias: UnsafePointer<Float>,
        _ c: UnsafeMutablePointer<Float>,
        _ rows: Int,
        _ columns: Int,
        _ stride: Int
    ) {
        guard columns < stride else { return ck_add_row(bias, c, rows, columns) }
        for row in 0..<rows { ck_add_row(bias, c + row * stride, 1, columns) }
    }
}

extension GEMM {
    /// Multiplications and additions of one matrix.
    fileprivate var operations: Int { 2 * m * n * k }

    /// The product of a part of the rows, columns and depth.
    fileprivate func block(_ rows: Range<Int>, _ columns: Range<Int>, _ depth: Range<Int>) -> GEMMBlock {
        GEMMBlock(shape: self, rows: rows, columns: columns, depth: depth)
    }
}

/// One call of a library.
private struct GEMMBlock {
    var shape: GEMM
    var rows: Range<Int>
    var columns: Range<Int>
    var depth: Range<Int>

    /// Computes into `c`, the first element of the block in a matrix with rows of `shape.n`.
    func compute(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ c: UnsafeMutablePointer<Float>) {
        let (rowStride, columnStride) = (shape.transposeA ? shape.m : shape.k, shape.transposeB ? shape.k : shape.n)
        let left =
            a
            + (shape.transposeA
                ? depth.lowerBound * rowStride + rows.lowerBound : rows.lowerBound * rowStride + depth.lowerBound)
        let right =
            b
            + (shape.transposeB
                ? columns.lowerBound * columnStride + depth.lowerBound
                : depth.lowerBound * columnStride + columns.lowerBound)
        if prefersOneDNN {
            keepLibrariesOnOneThread()
            let status = dnnl_sgemm(
                CChar(shape.transposeA ? 84 : 78),
                CChar(shape.transposeB ? 84 : 78),
                Int64(rows.count),
                Int64(columns.count),
                Int64(depth.count),
                shape.alpha,
                left,
                Int64(rowStride),
                right,
                Int64(columnStride),
                shape.beta,
                c,
                Int64(shape.n)
            )
            precondition(status == dnnl_success, "oneDNN refused \(shape): \(status.rawValue)")
        } else {
            cblas_sgemm(
                CblasRowMajor,
                shape.transposeA ? CblasTrans : CblasNoTrans,
                shape.transposeB ? CblasTrans : CblasNoTrans,
                Int32(rows.count),
                Int32(columns.count),
                Int32(depth.count),
                shape.alpha,
                left,
                Int32(rowStride),
                right,
                Int32(columnStride),
                shape.beta,
                c,
                Int32(shape.n)
            )
        }
    }

    // oneDNN has more overhead a call and is faster once that is paid for; OpenBLAS is for many rows read through a transposition.
    private var prefersOneDNN: Bool {
        guard !shape.transposeA || rows.count <= 1024 else { return false }
        return rows.count * columns.count * depth.count >= 1 << 20
    }
}

/// How one product is cut; a function of its shape alone.
private struct MatmulPlan {
    var rowParts = 1
    var columnParts = 1
    var depthParts = 1
    /// Products, or blocks of products, that one task computes.
    var together = 1
    private let shape: GEMM

    /// Operations of a block that is worth a task.
    private static let worthwhile = 1 << 21
    /// Blocks that a product is cut into at most.
    private static let most = 16
    /// Rows or columns of a block that amortise the packing of the other operand.
    private static let span = 256

    init(_ shape: GEMM) {
        self.shape = shape
        let parts = min(MatmulPlan.most, shape.operations / MatmulPlan.worthwhile)
        if shape.batch >= 4 || parts < 2 {
            together = max(1, MatmulPlan.worthwhile / max(1, shape.operations))
            return
        }
        rowParts = max(1, min(parts, shape.m / MatmulPlan.span))
        columnParts = max(1, min(parts / rowParts, shape.n / MatmulPlan.span))
        if rowParts * columnParts >= 4 || rowParts * columnParts == parts { return }
        if shape.batch == 1, shape.k >= 1024, shape.m * shape.n <= 1 << 18 {
            (rowParts, columnParts) = (1, 1)
            depthParts = min(8, parts, shape.k / 512)
        } else {
            rowParts = max(1, min(parts, (shape.m + 63) / 64))
            columnParts = max(1, min(parts / rowParts, (shape.n + 63) / 64))
        }
    }

    func rows(_ part: Int) -> Range<Int> { MatmulPlan.cut(shape.m, rowParts, part) }
    func columns(_ part: Int) -> Range<Int> { MatmulPlan.cut(shape.n, columnParts, part) }
    func depth(_ part: Int) -> Range<Int> { MatmulPlan.cut(shape.k, depthParts, part) }

    // Parts of equal size, in multiples of 16.
    private static func cut(_ count: Int, _ parts: Int, _ part: Int) -> Range<Int> {
        func edge(_ part: Int) -> Int { part == parts ? count : min(count, (count * part / parts + 15) & ~15) }
        return edge(part)..<edge(part + 1)
    }
}
