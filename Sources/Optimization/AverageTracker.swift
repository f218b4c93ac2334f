public import Buffers
public import Configs

/// The averages of one set of parameters: it updates them after every step and copies one back when it asks for it.
public struct AverageTracker {
    /// The rules, in the order of the run file.
    public let averages: [any WeightAverage]
    /// The averaged parameters, one buffer a rule.
    public let buffers: [FlatBuffer]

    /// Starts every average at the parameters.
    public init(_ averages: [any WeightAverage], parameters: FlatBuffer) {
        self.averages = averages
        buffers = averages.map { _ in FlatBuffer(copying: parameters) }
    }

    /// The name under which the average of an index is saved: `average-0`, `average-1`, ...
    public static func name(of index: Int) -> String { "average-\(index)" }

    /// Moves every average towards the parameters, then copies an average into the parameters if it asks for it.
    ///
    /// `progress` counts the step just taken, which saw `batch` samples in all. Answers the index of the average that was copied, or nil.
    @discardableResult
    public func update(parameters: FlatBuffer, at progress: Progress, batch: Int) -> Int? {
        for (average, buffer) in zip(averages, buffers) {
            let decay = average.decay(at: progress, batch: batch)
            precondition(decay >= 0 && decay <= 1, "decay \(decay) of \(type(of: average).name)")
            buffer.lerp(toward: parameters, weight: Float(1 - decay))
        }
        let previous = progress.samples - min(progress.samples, UInt64(batch))
        let copied = averages.firstIndex { $0.copiesBack(from: previous, to: progress.samples, of: progress) }
        if let copied { parameters.copy(from: buffers[copied]) }
        return copied
    }

    /// Refuses a list in which two averages would both copy themselves into the parameters.
    public static func validate(_ averages: [any WeightAverage]) throws(ConfigError) {
        if averages.count(where: { $0 is Switch }) > 1 {
            throw ConfigError.conflict(
                Switch.name,
                Switch.name,
                because: "only one average can be copied into the parameters"
            )
        }
    }
}
