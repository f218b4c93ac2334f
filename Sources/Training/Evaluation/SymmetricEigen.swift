/// A symmetric matrix of Doubles, taken apart into eigenvalues and eigenvectors.
///
/// Cyclic Jacobi rotations: slow for large matrices, exact to rounding and without any library for the few dozen rows
/// of a feature covariance.
///
/// Source: Golub and Van Loan, "Matrix Computations", 4th edition 2013, algorithm 8.5.3.
struct SymmetricEigen {
    /// More sweeps than quadratic convergence ever needs.
    private static let maximumSweeps = 64

    /// The eigenvalues, in no particular order.
    private(set) var values: [Double]
    /// Row-major `[n, n]`; column `k` is the unit eigenvector of `values[k]`.
    private(set) var vectors: [Double]

    private let n: Int

    /// Takes a row-major `[n, n]` matrix apart; only its symmetric part counts.
    init(_ matrix: [Double], rows n: Int) {
        precondition(matrix.count == n * n, "\(matrix.count) elements for \(n) rows")
        self.n = n
        var a = (0..<n * n).map { 0.5 * (matrix[$0] + matrix[$0 % n * n + $0 / n]) }
        vectors = (0..<n * n).map { $0 / n == $0 % n ? 1 : 0 }
        values = []
        let scale = a.reduce(0) { $0 + $1 * $1 }
        for _ in 0..<SymmetricEigen.maximumSweeps where SymmetricEigen.offDiagonal(a, n) > 1e-30 * scale {
            for p in 0..<n {
                for q in p + 1..<max(p + 1, n) { rotate(&a, p, q) }
            }
        }
        values = (0..<n).map { a[$0 * n + $0] }
    }

    /// The symmetric matrix with the same eigenvectors and `function` of each eigenvalue.
    func mapped(_ function: (Double) -> Double) -> [Double] {
        let mapped = values.map(function)
        var result = [Double](repeating: 0, count: n * n)
        for i in 0..<n {
            for j in 0..<n {
                var sum = 0.0
                for k in 0..<n { sum += vectors[i * n + k] * mapped[k] * vectors[j * n + k] }
                result[i * n + j] = sum
            }
        }
        return result
    }

    private static func offDiagonal(_ a: [Double], _ n: Int) -> Double {
        var sum = 0.0
        for i in 0..<n {
            for j in 0..<n where i != j { sum += a[i * n + j] * a[i * n + j] }
        }
        return sum
    }

    // Makes element (p, q) zero by a rotation of rows and columns p and q.
    private mutating func rotate(_ a: inout [Double], _ p: Int, _ q: Int) {
        let apq = a[p * n + q]
        guard apq != 0 else { return }
        let tau = (a[q * n + q] - a[p * n + p]) / (2 * apq)
        let t = (tau >= 0 ? 1 : -1) / (abs(tau) + (1 + tau * tau).squareRoot())
        let c = 1 / (1 + t * t).squareRoot()
        let s = t * c
        for k in 0..<n {
            let (x, y) = (a[k * n + p], a[k * n + q])
            a[k * n + p] = c * x - s * y
            a[k * n + q] = s * x + c * y
        }
        for k in 0..<n {
            let (x, y) = (a[p * n + k], a[q * n + k])
            a[p * n + k] = c * x - s * y
            a[q * n + k] = s * x + c * y
        }
        for k in 0..<n {
            let (x, y) = (vectors[k * n + p], vectors[k * n + q])
            vectors[k * n + p] = c * x - s * y
            vectors[k * n + q] = s * x + c * y
        }
    }
}
