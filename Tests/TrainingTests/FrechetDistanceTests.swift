import Testing

@testable import Training

@Suite("The Fréchet distance")
struct FrechetDistanceTests {
    @Test("known Gaussians have the known distance")
    func closedForms() {
        let diagonal = FrechetDistance.between(
            mean: [0, 0],
            covariance: [1, 0, 0, 4],
            mean: [1, 2],
            covariance: [4, 0, 0, 9]
        )
        #expect(abs(diagonal - 7) < 1e-12)
        // 2x2: the trace of the root of M is sqrt(tr M + 2 sqrt(det M)).
        let full = FrechetDistance.between(
            mean: [3, 3],
            covariance: [2, 1, 1, 2],
            mean: [3, 3],
            covariance: [3, -1, -1, 2]
        )
        #expect(abs(full - 1.063_762_429_9) < 1e-9)
    }

    @Test("a set is at no distance from itself, and order does not matter")
    func symmetry() {
        let (first, second) = (statistics(0..<50, scale: 1), statistics(7..<90, scale: 1.5))
        #expect(FrechetDistance.between(first, first) < 1e-9)
        let forth = FrechetDistance.between(first, second)
        #expect(forth > 0.1)
        #expect(abs(forth - FrechetDistance.between(second, first)) < 1e-9 * forth)
    }

    @Test("features without any spread give the distance of the means")
    func singular() {
        var (first, second) = (FeatureStatistics(dimension: 3), FeatureStatistics(dimension: 3))
        for _ in 0..<4 {
            first.add([1, 2, 3])
            second.add([1, 0, 4])
        }
        #expect(abs(FrechetDistance.between(first, second) - 5) < 1e-9)
    }

    @Test("statistics of parts add up to those of the whole")
    func merging() {
        var merged = statistics(0..<20, scale: 1)
        merged.merge(statistics(20..<64, scale: 1))
        let whole = statistics(0..<64, scale: 1)
        #expect(merged.count == whole.count)
        for (one, other) in zip(merged.covariance, whole.covariance) { #expect(abs(one - other) < 1e-9) }
    }

    @Test("means and covariances are those of the textbook")
    func moments() {
        var statistics = FeatureStatistics(dimension: 2)
        statistics.add([1, 2, 3, 6, 5, 4])
        #expect(statistics.mean == [3, 4])
        #expect(statistics.covariance == [4, 2, 2, 4])
    }

    @Test("eigenvectors put a matrix together again", arguments: [1, 2, 5, 32])
    func eigen(n: Int) {
        var matrix = [Double](repeating: 0, count: n * n)
        for i in 0..<n {
            for j in 0...i {
                let value = Double((i * 7 + j * 13) % 11) - 5
                matrix[i * n + j] = value
                matrix[j * n + i] = value
            }
        }
        let rebuilt = SymmetricEigen(matrix, rows: n).mapped { $0 }
        for (one, other) in zip(matrix, rebuilt) { #expect(abs(one - other) < 1e-11) }
        let trace = (0..<n).reduce(0) { $0 + matrix[$1 * n + $1] }
        #expect(abs(SymmetricEigen(matrix, rows: n).values.reduce(0, +) - trace) < 1e-11)
    }

    private func statistics(_ range: Range<Int>, scale: Float) -> FeatureStatistics {
        var result = FeatureStatistics(dimension: 4)
        for i in range {
            result.add((0..<4).map { scale * Float((i * 37 + $0 * 61 + i * i * ($0 + 1)) % 23) / 23 })
        }
        return result
    }
}
