/// The mean loss of the last steps whose loss over all workers is known.
public struct RecentLosses {
    private var stretches: [(loss: Double, steps: Int)] = []
    private var steps = 0
    private let most: Int

    /// No loss yet; of more than `most` steps the oldest are forgotten, but never all.
    public init(_ most: Int = .max) {
        precondition(most > 0, "a mean over \(most) steps")
        self.most = most
    }

    /// Takes over a report, unless it holds only what one of several workers saw.
    public mutating func add(_ report: StepReport) {
        guard report.steps > 0 else { return }
        stretches.append((report.loss, report.steps))
        steps += report.steps
        while steps - stretches[0].steps >= most {
            steps -= stretches[0].steps
            stretches.removeFirst()
        }
    }

    /// The mean over the steps; nil if none is known.
    public var mean: Double? {
        guard steps > 0 else { return nil }
        return stretches.reduce(0) { $0 + $1.loss * Double($1.steps) } / Double(steps)
    }
}
