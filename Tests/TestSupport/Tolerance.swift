public import Testing

/// How far numbers may lie apart: every element counts, never a mean.
///
/// Elements are close if `|actual - expected| <= absolute + relative * |expected|`; equal infinities are close, NaN is
/// close to nothing.
public struct Tolerance: Sendable {
    /// The part that does not depend on the expected number.
    public var absolute: Double
    /// The part in proportion to the expected number.
    public var relative: Double
    /// How many elements may be further apart.
    public var offenders: Int

    /// Creates a tolerance; by default not one element may offend.
    public init(absolute: Double = 0, relative: Double = 0, offenders: Int = 0) {
        self.absolute = absolute
        self.relative = relative
        self.offenders = offenders
    }

    /// Bits: equal numbers only.
    public static let exact = Tolerance()

    /// A distance in proportion to the largest expected number, for arrays whose small elements are sums of large ones.
    public static func ofLargest(_ relative: Double, _ expected: [Float]) -> Tolerance {
        let largest = expected.reduce(0) { max($0, abs($1)) }
        return Tolerance(absolute: relative * Double(largest) + 1e-6)
    }

    /// Whether two numbers are close.
    public func accepts(_ actual: Double, _ expected: Double) -> Bool {
        actual == expected || abs(actual - expected) <= absolute + relative * abs(expected)
    }

    /// What is wrong with the numbers, or nil if they are close.
    public func mismatch<Number: BinaryFloatingPoint>(_ actual: [Number], _ expected: [Number]) -> String? {
        guard actual.count == expected.count else {
            return "expected \(expected.count) numbers, found \(actual.count)"
        }
        let far = actual.indices.filter { !accepts(Double(actual[$0]), Double(expected[$0])) }
        guard far.count > offenders else { return nil }
        let distance = { (index: Int) in
            let distance = abs(Double(actual[index]) - Double(expected[index]))
            return distance.isNaN ? Double.infinity : distance
        }
        guard let worst = far.max(by: { distance($0) < distance($1) }) else { return nil }
        return """
            \(far.count) of \(actual.count) numbers are further than \(absolute) + \(relative) * |expected| apart; \
            worst at \(worst): expected \(expected[worst]), found \(actual[worst])
            """
    }
}

/// Records an issue unless the numbers are close.
public func expectClose<Number: BinaryFloatingPoint>(
    _ actual: [Number],
    _ expected: [Number],
    _ tolerance: Tolerance,
    _ name: String = "",
    sourceLocation: SourceLocation = #_sourceLocation
) {
    if let mismatch = tolerance.mismatch(actual, expected) {
        Issue.record("\(name.isEmpty ? "" : name + ": ")\(mismatch)", sourceLocation: sourceLocation)
    }
}
