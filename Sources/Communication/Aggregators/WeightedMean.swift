import CKernels
public import Configs

/// The weighted mean `sum(w_i x_i) / sum(w_i)`, added in the order of the ranks and divided once.
///
/// Source: McMahan et al. 2017, arXiv:1602.05629, algorithm 1.
public struct WeightedMean: Aggregator {
    /// `weighted-mean`.
    public static let name = "weighted-mean"
    /// Where the mean over workers is weighted by their samples.
    public static let reference = Reference(
        title: "Communication-Efficient Learning of Deep Networks from Decentralized Data",
        year: 2017,
        link: "arXiv:1602.05629",
        equations: "algorithm 1"
    )

    /// The mean; it has no settings.
    public init() {}

    /// Nothing to check.
    public func validate() throws(ConfigError) {}

    /// Adds the weighted parts and divides by the sum of the weights.
    public func combine(_ parts: Span<Float>, weights: Span<Float>, into result: inout MutableSpan<Float>) {
        let count = result.count
        precondition(parts.count == weights.count * count, "\(parts.count) values of \(weights.count) members")
        var total: Float = 0
        parts.withUnsafeBufferPointer { source in
            result.withUnsafeMutableBufferPointer { target in
                guard let start = source.baseAddress, let sum = target.baseAddress else { return }
                sum.update(from: start, count: count)
                ck_scale(sum, count, weights[0])
                total = weights[0]
                for member in 1..<max(1, weights.count) {
                    ck_axpy(sum, start + member * count, count, weights[member])
                    total += weights[member]
                }
                ck_divide(sum, count, total)
            }
        }
    }
}
