extension LossPart {
    /// The unweighted error of all samples, and of those in each quarter of the noise levels.
    static func byLevel(_ errors: [Float], _ times: [Double]) -> [LossPart] {
        var parts = [LossPart(name: "error", sum: 0, count: 0)]
        parts += (1...4).map { LossPart(name: "error-quarter-\($0)", sum: 0, count: 0) }
        for (error, t) in zip(errors, times) {
            for place in [0, 1 + min(3, Int(4 * t))] {
                parts[place].sum += Double(error)
                parts[place].count += 1
            }
        }
        return parts.filter { $0.count > 0 }
    }
}
