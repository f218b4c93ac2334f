/// Sums over feature vectors from which their mean and covariance follow.
///
/// Sums of parts add up to the sums of the whole, so workers may each judge a share of the images.
public struct FeatureStatistics: Sendable {
    /// The length of a feature vector.
    public let dimension: Int
    /// The number of vectors.
    public private(set) var count = 0

    private var sums: [Double]
    private var products: [Double]

    /// Statistics of no vector yet.
    public init(dimension: Int) {
        precondition(dimension >= 1, "features of dimension \(dimension)")
        self.dimension = dimension
        sums = [Double](repeating: 0, count: dimension)
        products = [Double](repeating: 0, count: dimension * dimension)
    }

    /// Adds vectors that stand one after another in `features`, `[N, dimension]`.
    public mutating func add(_ features: [Float]) {
        precondition(features.count % dimension == 0, "\(features.count) numbers for vectors of \(dimension)")
        for start in stride(from: 0, to: features.count, by: dimension) {
            let row = features[start..<start + dimension].map(Double.init)
            for i in 0..<dimension {
                sums[i] += row[i]
                for j in 0..<dimension { products[i * dimension + j] += row[i] * row[j] }
            }
            count += 1
        }
    }

    /// Adds the vectors of another part; both must be of the same dimension.
    public mutating func merge(_ other: FeatureStatistics) {
        precondition(other.dimension == dimension, "dimension \(other.dimension) into \(dimension)")
        count += other.count
        for i in sums.indices { sums[i] += other.sums[i] }
        for i in products.indices { products[i] += other.products[i] }
    }

    /// The mean vector; needs at least one vector.
    public var mean: [Double] {
        precondition(count >= 1, "the mean of no vector")
        return sums.map { $0 / Double(count) }
    }

    /// The covariance over `n - 1`, row-major `[dimension, dimension]`; needs at least two vectors.
    public var covariance: [Double] {
        precondition(count >= 2, "the covariance of \(count) vectors")
        let mean = mean
        return products.indices.map { index in
            let (i, j) = (index / dimension, index % dimension)
            return (products[index] - Double(count) * mean[i] * mean[j]) / Double(count - 1)
        }
    }
}

/// The Fréchet distance between two sets of feature vectors, each taken as a Gaussian.
///
/// `d^2 = |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2))`, computed as
/// `tr (C1 C2)^(1/2) = sum_i sqrt(lambda_i(C1^(1/2) C2 C1^(1/2)))` so that only symmetric matrices occur; eigenvalues
/// that rounding made negative count as 0. The squared form is what the literature prints as FID.
///
/// Source: Heusel et al. 2017, arXiv:1706.08500, equation 6; Dowson and Landau 1982, "The Fréchet distance between
/// multivariate normal distributions".
public enum FrechetDistance {
    /// The distance of two sets of at least two vectors each; 0 for equal statistics, without unit.
    public static func between(_ first: FeatureStatistics, _ second: FeatureStatistics) -> Double {
        precondition(first.dimension == second.dimension, "dimensions \(first.dimension) and \(second.dimension)")
        return between(
            mean: first.mean,
            covariance: first.covariance,
            mean: second.mean,
            covariance: second.covariance
        )
    }

    /// The distance of two Gaussians; covariances row-major and symmetric.
    static func between(
        mean m1: [Double],
        covariance c1: [Double],
        mean m2: [Double],
        covariance c2: [Double]
    ) -> Double {
        let n = m1.count
        let root = SymmetricEigen(c1, rows: n).mapped { max(0, $0).squareRoot() }
        let inner = product(product(root, c2, n), root, n)
        let traceOfRoot = SymmetricEigen(inner, rows: n).values.reduce(0) { $0 + max(0, $1).squareRoot() }
        let means = zip(m1, m2).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        let traces = (0..<n).reduce(0) { $0 + c1[$1 * n + $1] + c2[$1 * n + $1] }
        return max(0, means + traces - 2 * traceOfRoot)
    }

    private static func product(_ a: [Double], _ b: [Double], _ n: Int) -> [Double] {
        var result = [Double](repeating: 0, count: n * n)
        for i in 0..<n {
            for k in 0..<n {
                for j in 0..<n { result[i * n + j] += a[i * n + k] * b[k * n + j] }
            }
        }
        return result
    }
}
