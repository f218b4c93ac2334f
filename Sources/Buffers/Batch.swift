/// What a sample is to look like.
public struct Condition: Sendable {
    /// The label that stands for "no class": the condition was dropped for guidance.
    public static let dropped = -1

    /// One class per sample, `dropped` where there is none; nil if the data has no classes.
    public var labels: [Int]?

    /// Makes a condition.
    public init(labels: [Int]? = nil) {
        self.labels = labels
    }

    /// The condition of the samples in `range`.
    public func rows(_ range: Range<Int>) -> Condition {
        Condition(labels: labels.map { Array($0[range]) })
    }
}

/// Training examples of one forward pass.
public struct Batch: Sendable {
    /// Images in `[-1, 1]`, `[B, H, W, C]`.
    public let images: TensorData
    /// Their conditions.
    public let condition: Condition
    /// The index of each sample in the run's endless order.
    public let sampleIDs: [UInt64]

    /// Makes a batch; all parts must have the same number of samples.
    public init(images: TensorData, condition: Condition, sampleIDs: [UInt64]) {
        precondition(images.shape[0] == sampleIDs.count, "\(images.shape) images, \(sampleIDs.count) ids")
        precondition(condition.labels.map { $0.count == sampleIDs.count } ?? true, "labels do not fit the images")
        self.images = images
        self.condition = condition
        self.sampleIDs = sampleIDs
    }

    /// The number of samples.
    public var count: Int { sampleIDs.count }
}
