import Testing

/// Means of powers of numbers, and how far they may stray: five standard errors, so one seed in a million fails by chance.
struct Moments {
    let values: [Double]

    init(_ values: some Sequence<some BinaryFloatingPoint>) {
        self.values = values.map { Double($0) }
    }

    /// The mean of a function of the numbers.
    func mean(_ function: (Double) -> Double) -> Double {
        values.reduce(0) { $0 + function($1) } / Double(values.count)
    }

    /// The mean of the products of numbers `lag` places apart.
    func correlation(lag: Int) -> Double {
        zip(values, values.dropFirst(lag)).reduce(0) { $0 + $1.0 * $1.1 } / Double(values.count - lag)
    }

    /// Expects that a mean is its expectation within five standard errors; `variance` is that of one term.
    func expect(
        _ found: Double,
        is expectation: Double,
        variance: Double,
        _ name: Comment,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let bound = 5 * (variance / Double(values.count)).squareRoot()
        #expect(abs(found - expectation) < bound, name, sourceLocation: sourceLocation)
    }

    /// Expects the moments of independent standard normal numbers.
    func expectStandardNormal(sourceLocation: SourceLocation = #_sourceLocation) {
        expect(mean { $0 }, is: 0, variance: 1, "mean", sourceLocation: sourceLocation)
        expect(mean { $0 * $0 }, is: 1, variance: 2, "variance", sourceLocation: sourceLocation)
        expect(mean { $0 * $0 * $0 }, is: 0, variance: 15, "skewness", sourceLocation: sourceLocation)
        expect(mean { $0 * $0 * $0 * $0 }, is: 3, variance: 96, "kurtosis", sourceLocation: sourceLocation)
        for lag in 1...4 {
            expect(correlation(lag: lag), is: 0, variance: 1, "lag \(lag)", sourceLocation: sourceLocation)
        }
    }
}
