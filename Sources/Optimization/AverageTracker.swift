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
        for step in steps(at: progress, batch: batch) { step.take(toward: parameters) }
        return copyBack(into: parameters, at: progress, batch: batch)
    }

    /// What every average does after a step, in their order.
    ///
    /// `progress` counts the step just taken, which saw `batch` samples in all.
    public func steps(at progress: Progress, batch: Int) -> [AverageStep] {
        zip(averages, buffers).map { average, buffer in
            let decay = average.decay(at: progress, batch: batch)
            precondition(decay >= 0 && decay <= 1, "decay \(decay) of \(type(of: average).name)")
            return AverageStep(buffer, weight: Float(1 - decay))
        }
    }

    /// Copies an average into the parameters if it asks for it, once all of them have taken their step; answers its index, or nil.
    @discardableResult
    public func copyBack(into parameters: FlatBuffer, at progress: Progress, batch: Int) -> Int? {
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

/// The step of one average towards the parameters.
public struct AverageStep {
    /// The averaged parameters.
    public let average: FlatBuffer
    /// The part of the way, in `[0, 1]`.
    public let weight: Float

    /// Makes a step.
    public init(_ average: FlatBuffer, weight: Float) {
        self.average = average
        self.weight = weight
    }

    /// Takes the step in a pass of its own.
    public func take(toward parameters: FlatBuffer) {
        average.lerp(toward: parameters, weight: weight)
    }
}
