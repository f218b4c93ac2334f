public import Configs
public import Datasets
public import Diffusion
public import Networks
public import Optimization
public import Tensors

/// Everything that a run is: the root of a run file.
///
/// The tree of these types is the schema of the file; every key that is not written has the default found here.
public struct RunConfig: Configurable {
    /// A short name for logs and pages.
    public var name = "run"
    /// The seed of every random number of the run.
    public var seed: UInt64 = 42
    /// How many samples the run trains on in all.
    public var length = SampleCount(1 << 20)
    /// Where the images come from.
    @Choice<DataSources> public var data: any DataSource = Digits()
    /// The size at which images are trained on; that of the data if it is not given.
    public var image: ImageSection?
    /// The network.
    @Choice<Models> public var model: any ModelDefinition = DiT()
    /// What is minimised.
    @Choice<Objectives> public var objective: any Objective = Denoising()
    /// How gradients change parameters.
    @Choice<Optimizers> public var optimizer: any Optimizer = AdamW()
    /// The learning rate over the run, as a factor on the optimizer's.
    @Choice<RateSchedules> public var rateSchedule: any LearningRateSchedule = WarmupCosine()
    /// The bound on the gradient's norm.
    public var clipping = GradientClipping()
    /// Averaged copies of the parameters; samples are drawn with the first one.
    @ChoiceList<Averages> public var averages: [any WeightAverage] = [Switch()]
    /// When, and what, workers average.
    @Choice<SyncStrategies> public var synchronization: any SyncStrategy = EveryStep()
    /// How values travel between workers.
    public var communication = CommunicationSection()
    /// Element types of the computation.
    public var precision = Precision()
    /// Kinds of blocks of the network whose activations are not kept from forward to backward but computed again: less memory for more time.
    ///
    /// The numbers of the run stay the same. Source: Chen et al. 2016, arXiv:1604.06174.
    public var recompute: [String] = []
    /// Sizes of batches.
    public var batch = BatchSection()
    /// When the state is saved.
    public var checkpoint = CheckpointSection()
    /// When, and how, samples are drawn and judged.
    public var evaluation = EvaluationSection()
    /// How often the log gets a line.
    public var report = ReportSection()

    /// The default run: the embedded digits.
    public init() {}

    /// Checks rules between sections.
    public func validate() throws(ConfigError) {
        try ConfigError.require(length.rawValue > 0, "length", found: length.rawValue, expected: "at least 1 sample")
        try ConfigError.require(
            !name.isEmpty && name.utf8.count <= 100,
            "name",
            found: name,
            expected: "1 to 100 bytes of text"
        )
        try ConfigError.require(recompute, areAmong: type(of: model).blocks)
        try AverageTracker.validate(averages)
        try validateSharding()
        try validateExchange()
        if objective.couplesSamples, batch.micro < 2 {
            throw ConfigError.conflict(
                "objective: \(type(of: objective).name)",
                "batch: {micro: \(batch.micro)}",
                because: "this objective pairs the samples of a micro-batch, which takes at least 2"
            )
        }
        guard averages.count >= objective.averagesNeeded else {
            throw ConfigError.conflict(
                "objective: \(type(of: objective).name)",
                averages.isEmpty ? "averages: []" : "averages: of \(averages.count)",
                because: "this objective needs \(objective.averagesNeeded) averages as teachers"
            )
        }
        try validateConsistency()
    }
}

extension ConfigError {
    /// Throws unless every name is one of a network's kinds of blocks.
    static func require(_ names: [String], areAmong blocks: [String]) throws(ConfigError) {
        for name in names where !blocks.contains(name) {
            throw ConfigError(.unknownValue(name, known: blocks), path: ["recompute"])
        }
    }
}

extension RunConfig {
    /// Refuses methods that need all parameters at once where each worker updates a part of them.
    private func validateSharding() throws(ConfigError) {
        guard synchronization is Sharded else { return }
        guard type(of: optimizer).isElementwise else {
            throw ConfigError.conflict(
                "synchronization: \(Sharded.name)",
                "optimizer: \(type(of: optimizer).name)",
                because: "this optimizer cannot update parts of the parameters apart"
            )
        }
        guard objective.averagesNeeded == 0 else {
            throw ConfigError.conflict(
                "synchronization: \(Sharded.name)",
                "objective: \(type(of: objective).name)",
                because: "this objective needs whole averages as teachers"
            )
        }
    }

    /// Refuses what volunteers, who come and go, cannot run.
    public func validateForVolunteers() throws(ConfigError) {
        let strategy = type(of: synchronization)
        guard strategy.needsFixedGroup else { return }
        throw ConfigError.conflict(
            "synchronization: \(strategy.name)",
            "volunteers",
            because: "it needs workers that stay, and volunteers come and go; use \(EveryStep.name), or a cluster"
        )
    }
}
