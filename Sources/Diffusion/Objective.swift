public import Buffers
public import Configs
public import Networks
public import Tensors

/// What a training run minimises: from a batch and a model to a loss.
public protocol Objective: Method {
    /// How many averaged copies of the parameters it needs as teachers.
    var averagesNeeded: Int { get }

    /// What the trained network's output stands for, to draw samples from it.
    var process: DiffusionProcess { get }

    /// Whether the loss of a sample depends on which other samples are in its batch.
    var couplesSamples: Bool { get }

    /// The loss of a batch.
    ///
    /// It may depend on the seed, the sample ids and the progress, but not on how a global batch is split into batches,
    /// unless it says that it couples samples.
    func loss(_ model: any Denoiser, _ batch: Batch, _ context: ObjectiveContext) -> Loss
}

/// What an objective may use besides the model and the batch.
public struct ObjectiveContext {
    /// The forward pass over the trained parameters.
    public let forward: ForwardContext
    /// Averaged copies of the parameters, in the order of the run file.
    public let averages: [FlatBuffer]
    /// How far the run is.
    public let progress: Progress
    /// The seed of the run, for streams by sample id.
    public let seed: UInt64

    /// Collects what an objective may use.
    public init(forward: ForwardContext, averages: [FlatBuffer] = [], progress: Progress, seed: UInt64) {
        self.forward = forward
        self.averages = averages
        self.progress = progress
        self.seed = seed
    }
}

/// The loss of one batch.
public struct Loss {
    /// The sum over the batch's samples of their losses, shape `[]`; micro-batches and workers add up.
    public var total: Tensor
    /// Named numbers to report.
    public var parts: [LossPart]

    /// Makes a loss.
    public init(total: Tensor, parts: [LossPart] = []) {
        self.total = total
        self.parts = parts
    }
}

/// A named number to report: a sum over some samples, so that batches can be combined.
public struct LossPart: Sendable, Hashable {
    /// What is summed, in kebab case.
    public var name: String
    /// The sum over samples.
    public var sum: Double
    /// How many samples are in the sum.
    public var count: Int

    /// Makes a part.
    public init(name: String, sum: Double, count: Int) {
        self.name = name
        self.sum = sum
        self.count = count
    }

    /// The mean over the samples, 0 if there are none.
    public var mean: Double { count == 0 ? 0 : sum / Double(count) }
}
