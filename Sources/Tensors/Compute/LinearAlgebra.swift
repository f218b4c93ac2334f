import COpenBLAS

/// Why a decomposition failed.
public enum LinearAlgebraError: Error, Sendable, Hashable, CustomStringConvertible {
    /// An element is infinite or not a number.
    case notFinite(routine: String)
    /// The iteration of a LAPACK routine did not converge; `info` is its answer.
    case noConvergence(routine: String, info: Int)
    /// A matrix that must be positive semi-definite has a clearly negative eigenvalue.
    case notPositive(smallest: Double, largest: Double)

    /// What was expected and found.
    public var description: String {
        switch self {
        case .notFinite(let routine):
            "\(routine) expects finite numbers, found infinity or NaN; check the input"
        case .noConvergence(let routine, let info):
            "\(routine) did not converge (info \(info)); check the input for extreme ranges"
        case .notPositive(let smallest, let largest):
            "a positive semi-definite matrix was expected, found eigenvalues from \(smallest) to \(largest)"
        }
    }
}

/// Decompositions in double precision by LAPACK, for analyses and metrics, not for training steps.
public enum LinearAlgebra {
    /// Eigenvalues of a symmetric matrix, rising, and its orthonormal eigenvectors: row `i` of `vectors` belongs to value `i`.
    ///
    /// Only the lower triangle is read. Throws if a number is not finite or the iteration does not converge.
    public static func symmetricEigen(
        _ matrix: Matrix
    ) throws(LinearAlgebraError) -> (values: [Double], vectors: Matrix) {
        precondition(matrix.rows == matrix.columns, "a square matrix expected, found \(matrix.rows)x\(matrix.columns)")
        try requireFinite(matrix, "dsyev")
        guard matrix.rows > 0 else { return ([], matrix) }
        var vectors = matrix
        var values = [Double](repeating: 0, count: matrix.rows)
        let info = dsyev(&vectors.values, &values)
        guard info == 0 else { throw .noConvergence(routine: "dsyev", info: info) }
        return (values, vectors)
    }

    /// The thin singular value decomposition `u diag(s) vt` with falling `s`; `k` is the smaller side, `u` is `rows x k`, `vt` `k x columns`.
    ///
    /// Throws if a number is not finite or the iteration does not converge.
    public static func singularValues(
        _ matrix: Matrix
    ) throws(LinearAlgebraError) -> (u: Matrix, s: [Double], vt: Matrix) {
        try requireFinite(matrix, "dgesdd")
        let k = min(matrix.rows, matrix.columns)
        var u = Matrix(rows: matrix.rows, columns: k)
        var vt = Matrix(rows: k, columns: matrix.columns)
        var s = [Double](repeating: 0, count: k)
        guard k > 0 else { return (u, s, vt) }
        let info = dgesdd(matrix, &u.values, &s, &vt.values)
        guard info == 0 else { throw .noConvergence(routine: "dgesdd", info: info) }
        return (u, s, vt)
    }

    /// The symmetric positive semi-definite square root of such a matrix.
    ///
    /// Eigenvalues down to `-1e-8` times the largest count as rounding and become 0; below that it throws.
    public static func squareRoot(_ matrix: Matrix) throws(LinearAlgebraError) -> Matrix {
        let (values, vectors) = try symmetricEigen(matrix)
        guard let smallest = values.first, let largest = values.last else { return matrix }
        guard smallest >= -1e-8 * max(abs(smallest), abs(largest)) else {
            throw .notPositive(smallest: smallest, largest: largest)
        }
        let roots = Matrix(diagonal: values.map { max($0, 0).squareRoot() })
        return product(product(vectors.transposed, roots), vectors)
    }

    /// The product of two matrices.
    public static func product(_ a: Matrix, _ b: Matrix) -> Matrix {
        precondition(a.columns == b.rows, "\(a.rows)x\(a.columns) times \(b.rows)x\(b.columns)")
        var result = Matrix(rows: a.rows, columns: b.columns)
        guard !result.values.isEmpty, a.columns > 0 else { return result }
        let (m, n, k) = (Int32(a.rows), Int32(b.columns), Int32(a.columns))
        cblas_dgemm(
            CblasRowMajor,
            CblasNoTrans,
            CblasNoTrans,
            m,
            n,
            k,
            1,
            a.values,
            k,
            b.values,
            n,
            0,
            &result.values,
            n
        )
        return result
    }

    private static func requireFinite(_ matrix: Matrix, _ routine: String) throws(LinearAlgebraError) {
        guard matrix.values.allSatisfy(\.isFinite) else { throw .notFinite(routine: routine) }
    }

    private static func dsyev(_ matrix: inout [Double], _ values: inout [Double]) -> Int {
        // LAPACK reads columns: the lower triangle by rows is its upper one.
        var (vectors, triangle) = (CChar(UInt8(ascii: "V")), CChar(UInt8(ascii: "U")))
        var (n, info, query) = (Int32(values.count), Int32(0), Int32(-1))
        var size = 0.0
        dsyev_(&vectors, &triangle, &n, &matrix, &n, &values, &size, &query, &info)
        var length = Int32(size)
        var work = [Double](repeating: 0, count: Int(length))
        dsyev_(&vectors, &triangle, &n, &matrix, &n, &values, &work, &length, &info)
        return Int(info)
    }

    /// LAPACK reads columns, so that it decomposes the transpose: its `u` is our `vt` by rows, its `vt` our `u`.
    private static func dgesdd(_ matrix: Matrix, _ u: inout [Double], _ s: inout [Double], _ vt: inout [Double]) -> Int
    {
        var job = CChar(UInt8(ascii: "S"))
        var (m, n, k) = (Int32(matrix.columns), Int32(matrix.rows), Int32(s.count))
        var (info, query, size) = (Int32(0), Int32(-1), 0.0)
        var copy = matrix.values
        var integers = [Int32](repeating: 0, count: 8 * s.count)
        dgesdd_(&job, &m, &n, &copy, &m, &s, &vt, &m, &u, &k, &size, &query, &integers, &info)
        var length = Int32(size)
        var work = [Double](repeating: 0, count: Int(length))
        dgesdd_(&job, &m, &n, &copy, &m, &s, &vt, &m, &u, &k, &work, &length, &integers, &info)
        return Int(info)
    }
}
