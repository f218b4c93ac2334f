import CKernels
public import Configs

/// The weighted mean of the members' values after no member's values are longer than the median length.
///
/// `mean = sum_i w_i x_i min(1, b / |x_i|) / sum_i w_i` with `b` the median of `|x_i|`, the smaller of the two middle ones for an even
/// count.
///
/// Lengths are those of the one part that is combined. Lengths and sums run in double in the order of the ranks and every value is
/// rounded once, so the bits depend on nothing but the parts, the weights and their order.
///
/// Source: Sun et al. 2019, arXiv:1911.07963, section 4 (norm thresholding), with the bound of the median norm.
public struct NormBoundedMean: Aggregator {
    /// `norm-bounded-mean`.
    public static let name = "norm-bounded-mean"
    /// Where updates are scaled down to a norm before their mean is formed.
    public static let reference = Reference(
        title: "Can You Really Backdoor Federated Learning?",
        year: 2019,
        link: "arXiv:1911.07963",
        equations: "section 4"
    )

    /// The mean; it has no settings.
    public init() {}

    /// Nothing to check.
    public func validate() throws(ConfigError) {}

    /// Scales long parts down to the median length, adds the weighted parts and divides by the sum of the weights.
    public func combine(_ parts: Span<Float>, weights: Span<Float>, into result: inout MutableSpan<Float>) {
        let (members, count) = (weights.count, result.count)
        precondition(parts.count == members * count && members > 0, "\(parts.count) values of \(members) members")
        parts.withUnsafeBufferPointer { source in
            result.withUnsafeMutableBufferPointer { target in
                guard let values = source.baseAddress, let sum = target.baseAddress else { return }
                let lengths = (0..<members).map { ck_squared_norm(values + $0 * count, count).squareRoot() }
                let bound = lowerMedian(of: lengths)
                var total = 0.0
                var coefficients: [Float] = []
                for (member, length) in lengths.enumerated() {
                    let weight = weights[member]
                    total += Double(weight)
                    let scaled = length > bound ? Double(weight) * (bound / length) : Double(weight)
                    coefficients.append(Float(scaled).roundedDown(to: scaled))
                }
                ck_scaled_mean(values, members, count, coefficients, total, sum)
            }
        }
    }
}
