public import Buffers
public import Configs
public import Networks
import Tensors

/// Learns to undo noise: the weighted squared error of the network's output at random noise levels.
///
/// Per sample: `t` from the time sampler, `x_t = alpha x_0 + sigma noise`, `F = network(inputScale x_t, label)`, loss
/// `weight(t) * mean((F - target)^2)` over the elements. The total is the sum over the samples. The coupling may
/// exchange the noise of samples of one batch.
///
/// Source: Ho et al. 2020, algorithm 1; label dropout from Ho and Salimans 2022, algorithm 1.
public struct Denoising: Objective {
    /// `denoising`.
    public static let name = "denoising"
    /// The paper that proposed it.
    public static let reference = Reference(
        title: "Denoising Diffusion Probabilistic Models",
        year: 2020,
        link: "arXiv:2006.11239",
        equations: "algorithm 1, equation 14"
    )

    /// How much noise there is at each level.
    @Choice<Schedules> public var schedule: any NoiseSchedule = RectifiedFlow()
    /// What the network's output stands for.
    @Choice<Predictions> public var prediction: any Prediction = FlowPrediction()
    /// Which noise levels are trained.
    @Choice<TimeSamplers> public var time: any TimeSampler = LogitNormalTime()
    /// How much each level counts.
    @Choice<Weightings> public var weighting: any LossWeighting = UniformWeighting()
    /// How noise is drawn.
    @Choice<NoiseLaws> public var noise: any NoiseLaw = WhiteNoise()
    /// Which noise goes with which image of a micro-batch.
    @Choice<Couplings> public var coupling: any Coupling = IndependentCoupling()
    /// The share of samples trained without their label, in `[0, 1]`; above 0 it makes guidance possible.
    public var labelDropout = 0.1

    /// The defaults.
    public init() {}

    /// Checks the share, and that the prediction can be turned into a clean image at full noise.
    public func validate() throws(ConfigError) { try validate(as: Self.name) }

    /// The same for an objective that builds on this one; its name is told to whoever has to change something.
    func validate(as objective: String) throws(ConfigError) {
        try ConfigError.require(
            (0...1).contains(labelDropout),
            "labelDropout",
            found: labelDropout,
            expected: "a number from 0 to 1"
        )
        guard !(prediction is ConsistencyPrediction) else {
            throw ConfigError.conflict(
                "objective: \(objective)",
                "prediction: \(ConsistencyPrediction.name)",
                because: "at the least noise this prediction's answer is its input and can learn nothing from the "
                    + "image; use \(ConsistencyTraining.name), or the prediction \(EDMPrediction.name)"
            )
        }
        guard prediction is NoisePrediction, !schedule.keepsSignal else { return }
        throw ConfigError.conflict(
            "prediction: noise",
            "schedule: \(type(of: schedule).name)",
            because: "at full noise nothing of the data is left, so the noise does not determine the image; "
                + "use velocity, flow, clean or edm"
        )
    }

    /// None.
    public var averagesNeeded: Int { 0 }

    /// As the coupling does.
    public var couplesSamples: Bool { coupling.couplesSamples }

    /// The schedule, the prediction and the law of noise.
    public var process: DiffusionProcess {
        DiffusionProcess(schedule: schedule, prediction: prediction, noise: noise)
    }

    /// The sum over samples of the weighted mean squared error of the network's output.
    public func loss(_ model: any Denoiser, _ batch: Batch, _ context: ObjectiveContext) -> Loss {
        let levels = levels(of: batch, context)
        let noised = noised(batch, levels, seed: context.seed)
        let answer = model(
            noised.input,
            noiseLabel: column(levels.map(\.around.noiseLabel), rank: 1),
            condition: condition(of: batch, seed: context.seed),
            context.forward
        )
        return Self.loss(of: answer, to: noised.target, levels)
    }

    /// The levels that a batch is trained at, each by the sample's own random number.
    func levels(of batch: Batch, _ context: ObjectiveContext) -> [TrainedLevel] {
        batch.sampleIDs.map { id in level(ofSample: id, context) }
    }

    /// The batch at its levels, with the noise of the law and the coupling.
    func noised(_ batch: Batch, _ levels: [TrainedLevel], seed: UInt64) -> NoisedBatch {
        NoisedBatch(batch.images, ids: batch.sampleIDs, levels, seed: seed, law: noise, coupling)
    }

    /// The weighted mean squared error of an answer, summed over the samples.
    static func loss(of answer: Tensor, to target: Tensor, _ levels: [TrainedLevel]) -> Loss {
        precondition(answer.shape == target.shape, "output \(answer.shape), target \(target.shape)")
        let errors = (answer - target).squared().mean(Array(1..<answer.shape.rank))
        let total = (errors * column(levels.map(\.weight), rank: 1)).sum()
        return Loss(total: total, parts: LossPart.byLevel(errors.floats, levels.map(\.t)))
    }

    private func level(ofSample id: UInt64, _ context: ObjectiveContext) -> TrainedLevel {
        var random = RandomStream(seed: context.seed, purpose: .time, index: id)
        let t = time.time(ofSample: id, schedule, at: context.progress, using: &random)
        let around = prediction.preconditioning(at: t, schedule)
        return TrainedLevel(
            t: t,
            alpha: schedule.alpha(t),
            sigma: schedule.sigma(t),
            around: around,
            weight: weighting.weight(at: t, schedule, around)
        )
    }

    /// The batch's condition with a share of its labels dropped, each by the sample's own random number.
    func condition(of batch: Batch, seed: UInt64) -> Condition {
        batch.condition.dropping(labelDropout, ids: batch.sampleIDs, seed: seed)
    }
}
