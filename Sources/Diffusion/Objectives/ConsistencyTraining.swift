public import Buffers
public import Configs
public import Networks
import Tensors

/// Trains a consistency model without a teacher: the ends seen at two adjacent noise levels of one image should be one.
///
/// Per sample: a pair of adjacent levels `s > s'` of EDM's grid of N levels, `x = x_0 + s noise`, `x' = x_0 + s' noise`
/// with the same noise, and the distance of `f(x, s)` to `f'(x', s')`, through which no gradient passes. `f'` is the
/// network with the parameters themselves or with their average, and drops the same units. N grows over the run.
///
/// Source: Song et al. 2023, algorithm 3; Song and Dhariwal 2024, arXiv:2310.14189, for the target without an average
/// and the pseudo-Huber distance.
public struct ConsistencyTraining: Objective {
    /// Which parameters the target has.
    public enum Target: String, Codable, Sendable, CaseIterable {
        /// The last of the run's averages.
        case average
        /// Those that are trained.
        case live
    }

    /// How far two images are apart.
    public enum Distance: String, Codable, Sendable, CaseIterable {
        /// The mean squared difference.
        case l2
        /// `sqrt(|difference|^2 + c^2) - c` with `c = huber_scale sqrt(d)` for d numbers.
        case pseudoHuber = "pseudo-huber"
    }

    /// `consistency-training`.
    public static let name = "consistency-training"
    /// The paper that proposed it.
    public static let reference = Reference(
        title: "Consistency Models",
        year: 2023,
        link: "arXiv:2303.01469",
        equations: "algorithm 3, appendix C"
    )

    /// How much noise there is at each level; the pairs lie between the prediction's `sigma_min` and its most noise.
    @Choice<Schedules> public var schedule: any NoiseSchedule = VarianceExploding()
    /// What the network's output stands for; only `consistency` has the boundary that ties the levels to the data.
    @Choice<Predictions> public var prediction: any Prediction = ConsistencyPrediction()
    /// How many levels there are.
    public var levels = LevelGrowth()
    /// The exponent of the grid, from 1 to 100.
    public var rho = 7.0
    /// Which parameters the target has.
    public var target = Target.average
    /// How far two images are apart.
    public var distance = Distance.l2
    /// The constant of the pseudo-Huber distance for one number, above 0.
    public var huberScale = 0.00054
    /// The share of samples trained without their label, in `[0, 1]`.
    public var labelDropout = 0.0

    /// The defaults.
    public init() {}

    /// Checks ranges, and that prediction and schedule have a least and a most noise in common.
    public func validate() throws(ConfigError) {
        try ConfigError.require((1...100).contains(rho), "rho", found: rho, expected: "a number from 1 to 100")
        try ConfigError.require(
            huberScale > 0 && huberScale.isFinite,
            "huberScale",
            found: huberScale,
            expected: "a number above 0"
        )
        try ConfigError.require(
            (0...1).contains(labelDropout),
            "labelDropout",
            found: labelDropout,
            expected: "a number from 0 to 1"
        )
        guard let prediction = prediction as? ConsistencyPrediction else {
            throw ConfigError.conflict(
                "objective: \(Self.name)",
                "prediction: \(type(of: prediction).name)",
                because: "without an image that is its own answer at the least noise, a constant answer has no loss; "
                    + "use \(ConsistencyPrediction.name)"
            )
        }
        try validateReach(from: prediction.sigmaMin)
    }

    private func validateReach(from sigmaMin: Double) throws(ConfigError) {
        let name = "schedule: \(type(of: schedule).name)"
        guard schedule.keepsSignal else {
            throw ConfigError.conflict(
                "objective: \(Self.name)",
                name,
                because: "its noise ratio has no largest value to start the levels from; use \(VarianceExploding.name)"
            )
        }
        // Schedules meet their own bounds up to rounding.
        let reach = (schedule.noiseRatio(0) * (1 - 1e-9), schedule.noiseRatio(1))
        guard reach.0 > sigmaMin || reach.1 <= sigmaMin else { return }
        throw ConfigError.conflict(
            "prediction: {type: \(ConsistencyPrediction.name), sigma_min: \(sigmaMin)}",
            name,
            because: "the schedule's noise ratio goes from \(schedule.noiseRatio(0)) to \(reach.1), "
                + "and the levels must end at sigma_min"
        )
    }

    /// The target's, unless the target has the trained parameters.
    public var averagesNeeded: Int { target == .average ? 1 : 0 }

    /// No.
    public var couplesSamples: Bool { false }

    /// The schedule and the prediction.
    public var process: DiffusionProcess { DiffusionProcess(schedule: schedule, prediction: prediction) }

    /// The sum over samples of the distance between the two ends.
    public func loss(_ model: any Denoiser, _ batch: Batch, _ context: ObjectiveContext) -> Loss {
        let levels = grid(of: self.levels.count(at: context.progress))
        let pairs = batch.sampleIDs.map { id in
            var random = RandomStream(seed: context.seed, purpose: .time, index: id)
            return ConsistencyPair(among: levels, using: &random)
        }
        var streams = SampleNoise(
            batch.sampleIDs.map { RandomStream(seed: context.seed, purpose: .noise, index: $0) }
        )
        let clean = Tensor(batch.images)
        let noise = streams.normal(clean.shape)
        let condition = batch.condition.dropping(labelDropout, ids: batch.sampleIDs, seed: context.seed)
        func end(_ levels: [ConsistencyLevel], _ forward: ForwardContext) -> Tensor {
            let input = ConsistencyInput(clean, noise, levels)
            return input.end(model(input.scaled, noiseLabel: input.labels, condition: condition, forward))
        }
        // The target's pass starts from the streams that the trained pass is about to use.
        let goal = end(pairs.map(\.cleaner), targetPass(context)).stopGradient
        let distances = distance(end(pairs.map(\.noisier), context.forward) - goal)
        return Loss(total: distances.sum(), parts: LossPart.byLevel(distances.floats, pairs.map(\.noisier.t)))
    }

    /// The falling levels, from the schedule's most noise to the prediction's least.
    func grid(of count: Int) -> [ConsistencyLevel] {
        var grid = Grid(.rho)
        grid.rho = rho
        grid.maximumRatio = schedule.noiseRatio(1)
        grid.minimumRatio = (prediction as? ConsistencyPrediction)?.sigmaMin ?? grid.minimumRatio
        return grid.times(steps: count, schedule).map { ConsistencyLevel($0, schedule, prediction) }
    }

    /// One number a sample.
    private func distance(_ difference: Tensor) -> Tensor {
        let axes = Array(1..<difference.shape.rank)
        switch distance {
        case .l2:
            return difference.squared().mean(axes)
        case .pseudoHuber:
            let count = Double(difference.shape.removing(axis: 0).count)
            let constant = huberScale * count.squareRoot()
            return (difference.squared().sum(axes) + Float(constant * constant)).sqrt() - Float(constant)
        }
    }

    /// A pass over the target's parameters that records nothing and drops the units that the trained pass will drop.
    private func targetPass(_ context: ObjectiveContext) -> ForwardContext {
        let forward = context.forward
        let pass = ForwardContext(
            weights: weights(context),
            tape: nil,
            isTraining: forward.isTraining,
            random: forward.random
        )
        pass.sampleRandoms = forward.sampleRandoms
        return pass
    }

    private func weights(_ context: ObjectiveContext) -> ComputeWeights {
        guard target == .average else { return context.forward.weights }
        guard let average = context.averages.last else {
            preconditionFailure("\(Self.name) without an average as its target")
        }
        return ComputeWeights(average, context.forward.weights.precision)
    }
}
