public import Buffers
import CKernels

/// A worker's gradients as products of two thin matrices that workers average one after the other, and what these leave out, kept for the next
/// gradients.
///
/// For each matrix `M_i`, the gradient and residual of worker i, and the right factor `Q` of last time, random at first:
/// `P = orthonormal(mean_i(M_i Q^T))`, `Q = mean_i(P^T M_i)`; the mean gradient is `P Q`, and the residual `M_i - P Q`. That is one step of
/// the power iteration for the largest singular values of the mean, which nobody holds. Calls come in the order of the names below.
///
/// Source: Vogels et al. 2019, arXiv:1905.13727, algorithms 1 and 2.
public final class LowRankFactors {
    /// Left factors, and whatever goes whole; to be averaged after `project`.
    public let left: FlatBuffer
    /// Right factors of the last step, the same on all workers, from which the next one starts.
    public let right: FlatBuffer
    /// Right factors of this step, of no values if no parameter is worth factors; to be averaged after `complete`.
    public let nextRight: FlatBuffer
    /// What was left out of this worker's gradients and not sent since.
    public let residual: FlatBuffer
    private let sum: FlatBuffer
    private let plan: LowRankPlan

    /// Factors of at most `rank`, at least 1, of the gradients of a layout; `makeBuffer` gives memory to exchange from.
    public init(_ layout: ParameterLayout, rank: Int, makeBuffer: (Int) -> FlatBuffer) {
        plan = LowRankPlan(layout, rank: rank)
        left = makeBuffer(plan.leftCount)
        nextRight = makeBuffer(plan.rightCount)
        right = FlatBuffer(count: plan.rightCount)
        residual = FlatBuffer(count: layout.count)
        sum = FlatBuffer(count: layout.count)
    }

    /// Fills `left` from a worker's mean gradient; false if that is not finite, and then the worker must bring no weight.
    ///
    /// `step` chooses the random numbers of directions that are new.
    public func project(_ gradients: FlatBuffer, step: UInt64) -> Bool {
        sum.copy(from: gradients)
        sum.add(residual)
        for (index, matrix) in plan.matrices.enumerated() {
            renew(matrix, seed: step, index: index)
            ck_thin_left(
                sum.region.floats + matrix.range.lowerBound,
                matrix.rows,
                matrix.columns,
                right.region.floats + matrix.right.lowerBound,
                matrix.rank,
                left.region.floats + matrix.left.lowerBound
            )
        }
        for whole in plan.wholes { left.window(whole.place).copy(from: sum.window(whole.range)) }
        return left.isFinite
    }

    /// Makes the averaged left factors orthonormal, and fills `nextRight` with the right factors that belong to them.
    public func complete() {
        for matrix in plan.matrices {
            orthonormalize(left.region.floats + matrix.left.lowerBound, rows: matrix.rows, rank: matrix.rank)
            ck_thin_right(
                sum.region.floats + matrix.range.lowerBound,
                matrix.rows,
                matrix.columns,
                left.region.floats + matrix.left.lowerBound,
                matrix.rank,
                nextRight.region.floats + matrix.right.lowerBound
            )
        }
    }

    /// Writes the mean gradient; what it lacks of this worker's is the residual from now on, if that was counted.
    public func commit(into gradients: FlatBuffer, counted: Bool) {
        right.copy(from: nextRight)
        for matrix in plan.matrices {
            ck_thin_product(
                left.region.floats + matrix.left.lowerBound,
                matrix.rows,
                matrix.rank,
                right.region.floats + matrix.right.lowerBound,
                matrix.columns,
                gradients.region.floats + matrix.range.lowerBound
            )
            guard counted else { continue }
            let rest = residual.window(matrix.range)
            rest.copy(from: sum.window(matrix.range))
            rest.add(gradients.window(matrix.range), scale: -1)
        }
        for whole in plan.wholes { gradients.window(whole.range).copy(from: left.window(whole.place)) }
    }

    // A direction that vanished, as all have at first, would stay away for ever.
    private func renew(_ matrix: LowRankPlan.Matrix, seed: UInt64, index: Int) {
        for row in 0..<matrix.rank {
            let start = matrix.right.lowerBound + row * matrix.columns
            let direction = right.window(start..<start + matrix.columns)
            guard direction.squaredNorm == 0 else { continue }
            var random = RandomStream(
                seed: seed,
                purpose: .rounding,
                index: UInt64(index) << 32 | UInt64(row)
            )
            direction.copy(from: random.normal([matrix.columns]))
        }
    }
}

/// Makes the columns of a matrix `[rows, rank]` orthonormal from the first to the last; a column that depends on those before becomes 0.
///
/// Gram and Schmidt's way, twice, because once leaves the rounding errors of columns that nearly depend on others.
func orthonormalize(_ matrix: UnsafeMutablePointer<Float>, rows: Int, rank: Int) {
    func dot(_ a: Int, _ b: Int) -> Double {
        (0..<rows).reduce(0) { $0 + Double(matrix[$1 * rank + a]) * Double(matrix[$1 * rank + b]) }
    }
    func add(_ a: Int, scale: Double, to b: Int) {
        for row in 0..<rows { matrix[row * rank + b] += Float(scale * Double(matrix[row * rank + a])) }
    }
    for column in 0..<rank {
        let whole = dot(column, column)
        for _ in 0..<2 {
            for other in 0..<column { add(other, scale: -dot(other, column), to: column) }
        }
        let rest = dot(column, column)
        // What is left is no more than rounding.
        let scale = rest > 1e-10 * whole && rest > 0 ? 1 / rest.squareRoot() : 0
        for row in 0..<rows { matrix[row * rank + column] = Float(scale * Double(matrix[row * rank + column])) }
    }
}
