import CKernels
public import Configs

/// The mean of the members' values after each member's difference from the result has been cut to a length.
///
/// From `v` = the median of every number on its own, `v += sum_i (x_i - v) min(1, tau / |x_i - v|) / n`, a number of times. A member of
/// any size moves the result by at most `tau / n` a time. Weights are not used: a member cannot gain influence by claiming many samples.
///
/// Lengths are those of the one part that is combined. Differences are rounded to float32, lengths and sums run in double in the order
/// of the ranks, so the bits depend on nothing but the parts and their order.
///
/// Source: Karimireddy, He, Jaggi 2021, arXiv:2012.10333, algorithm 1; Gorbunov et al. 2021, arXiv:2106.11257, section 3.
public struct CenteredClip: Aggregator {
    /// `centered-clip`.
    public static let name = "centered-clip"
    /// Where clipping around a center is introduced and analysed.
    public static let reference = Reference(
        title: "Learning from History for Byzantine Robust Optimization",
        year: 2021,
        link: "arXiv:2012.10333",
        equations: "algorithm 1"
    )

    /// How often the center is moved, 1 to 1000.
    public var iterations: Int
    /// The length `tau` that differences are cut to, in the units of the values; 0 for the median over the members of the length of their
    /// difference from the start, the smaller of the two middle ones for an even count.
    public var radius: Double

    /// Twenty steps with a radius that follows the values.
    public init() { self.init(iterations: 20, radius: 0) }

    /// A number of steps with a radius, 0 for one that follows the values.
    public init(iterations: Int, radius: Double) {
        self.iterations = iterations
        self.radius = radius
    }

    /// Refuses step counts outside 1 to 1000 and radii that are negative or not finite.
    public func validate() throws(ConfigError) {
        guard (1...1000).contains(iterations) else {
            throw .outOfRange("iterations", found: iterations, expected: "1 to 1000")
        }
        guard radius >= 0, radius.isFinite else {
            throw .outOfRange("radius", found: radius, expected: "at least 0 and finite")
        }
    }

    /// Moves the coordinate-wise median towards the members whose differences are cut.
    public func combine(_ parts: Span<Float>, weights: Span<Float>, into result: inout MutableSpan<Float>) {
        let (members, count) = (weights.count, result.count)
        MedianAggregator().combine(parts, weights: weights, into: &result)
        var squares = [Double](repeating: 0, count: members)
        parts.withUnsafeBufferPointer { source in
            result.withUnsafeMutableBufferPointer { center in
                guard let values = source.baseAddress, let target = center.baseAddress else { return }
                ck_clip_step(values, members, count, nil, target, &squares)
                let tau = radius > 0 ? radius : lowerMedian(of: squares).squareRoot()
                for _ in 0..<iterations {
                    let coefficients = squares.map { clipFactor(from: $0.squareRoot(), to: tau) }
                    ck_clip_step(values, members, count, coefficients, target, &squares)
                }
            }
        }
    }
}

/// The middle of the sorted values, of an even count the smaller of the two middle ones.
func lowerMedian(of values: [Double]) -> Double {
    values.sorted()[(values.count - 1) / 2]
}

/// The largest float32 factor, at most 1, that cuts a length to a bound.
func clipFactor(from length: Double, to bound: Double) -> Float {
    guard length > bound else { return 1 }
    return Float(bound / length).roundedDown(to: bound / length)
}

extension Float {
    /// The nearest number below if this one, which came from rounding, is above what was rounded.
    func roundedDown(to value: Double) -> Float { Double(self) > value ? nextDown : self }
}
