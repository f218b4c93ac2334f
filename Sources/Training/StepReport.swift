public import Configs

/// The one record of a step, or of several in a row.
public struct StepReport: Sendable, Codable, Equatable {
    /// Where the run stood after the step.
    public var progress: Progress
    /// The mean loss over the samples of all workers, averaged over `steps`; with 0 steps over this worker's samples in this one.
    public var loss: Double
    /// Steps in a row that `loss` is of; 0 where other workers' losses are not known, because no report is due.
    public var steps: Int
    /// Named parts of the loss of this step, such as the loss of a range of noise levels; of the same samples as `loss`.
    public var parts: [String: Double]
    /// The norm of the mean gradient before clipping.
    public var gradientNorm: Double
    /// The learning rate that was applied.
    public var rate: Double
    /// Samples over all workers per second of wall time.
    public var imagesPerSecond: Double
    /// Seconds of wall time.
    public var seconds: Double
    /// Seconds of it spent waiting for other workers.
    public var exchangeSeconds: Double
    /// Workers that contributed to the mean.
    public var contributors: Int
    /// Bytes of messages with values that this worker sent; ranks of one host that share memory send none.
    public var bytesSent: UInt64
    /// Steps of workers that were not finite and therefore withdrawn; with 0 `steps` of this worker alone.
    public var withdrawn: Int

    /// Makes a record of a worker that is alone.
    public init(
        progress: Progress,
        loss: Double,
        parts: [String: Double] = [:],
        gradientNorm: Double = 0,
        rate: Double = 0,
        seconds: Double = 0
    ) {
        self.progress = progress
        self.loss = loss
        self.parts = parts
        self.gradientNorm = gradientNorm
        self.rate = rate
        self.seconds = seconds
        steps = 1
        imagesPerSecond = 0
        exchangeSeconds = 0
        contributors = 1
        bytesSent = 0
        withdrawn = 0
    }
}
