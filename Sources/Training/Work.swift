/// What one worker computes in one step.
public struct Work: Sendable, Equatable {
    /// This worker's samples, as indices into the run's endless order; disjoint.
    public var samples: [Range<UInt64>]
    /// The samples of the step over all workers.
    public var globalSamples: Range<UInt64>

    /// Makes a piece of work.
    public init(samples: [Range<UInt64>], globalSamples: Range<UInt64>) {
        self.samples = samples
        self.globalSamples = globalSamples
    }

    /// The number of this worker's samples.
    public var sampleCount: Int { samples.reduce(0) { $0 + $1.count } }
    /// The number of samples of the step over all workers.
    public var globalSampleCount: Int { globalSamples.count }
}
