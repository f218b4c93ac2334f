/// What an evaluation found.
public struct EvaluationReport: Sendable, Codable, Equatable {
    /// Samples the weights had been trained on.
    public var samples: UInt64
    /// Images that were judged.
    public var count: Int
    /// The metrics by name.
    public var metrics: [String: Double]
    /// The network whose features were used, with the start of its digest.
    public var featureNet: String?
    /// The sheet of samples, relative to the run directory.
    public var sheet: String?

    /// Makes a report.
    public init(
        samples: UInt64,
        count: Int,
        metrics: [String: Double],
        featureNet: String? = nil,
        sheet: String? = nil
    ) {
        self.samples = samples
        self.count = count
        self.metrics = metrics
        self.featureNet = featureNet
        self.sheet = sheet
    }
}
