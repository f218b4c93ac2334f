public import Buffers
public import Configs
public import Networks
import RealModule
import Tensors

/// Denoising that also shows the network noise it got wrong: input and target are moved by its present error.
///
/// Per sample, with `x_t = alpha x_0 + sigma noise`: a first pass without gradient and without dropout guesses the
/// noise, `delta = noise - guess`. The network then sees `x_t + sigma lambda delta` and should answer the target of the
/// pair `x_0`, `noise + lambda delta`; the loss is that of ``Denoising``. `lambda = (sigma / sqrt(alpha^2 +
/// sigma^2))^power`, which is the paper's `sqrt(1 - alphabar)^p` where the schedule preserves the variance.
///
/// Source: Zhou et al. 2023, arXiv:2312.00210.
public struct DREAM: Objective {
    /// `dream`.
    public static let name = "dream"
    /// The paper that proposed it.
    public static let reference = Reference(
        title: "DREAM: Diffusion Rectification and Estimation-Adaptive Models",
        year: 2023,
        link: "arXiv:2312.00210"
    )

    /// How fast the correction falls towards clean images, at least 0; 0 corrects in full, `.inf` is plain denoising.
    public var power = 1.0
    /// Samples of plain denoising at the start of a run, before the network's errors mean anything.
    public var warmup: SampleCount = 0
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

    /// Checks the ranges, and that the prediction tells the noise at every level.
    public func validate() throws(ConfigError) {
        try ConfigError.require(power >= 0, "power", found: power, expected: "a number of at least 0, or .inf")
        try plain.validate(as: Self.name)
        let told = [0.1, 0.5, 0.9].allSatisfy { t in
            prediction.preconditioning(at: t, schedule).tellsNoise(NoiseLevel(t, schedule))
        }
        guard !told else { return }
        throw ConfigError.conflict(
            "objective: dream",
            "prediction: \(type(of: prediction).name)",
            because: "its target does not tell the noise of an image, so the network's error of the noise is unknown; "
                + "use another prediction, or the objective denoising"
        )
    }

    /// None.
    public var averagesNeeded: Int { 0 }

    /// As the coupling does.
    public var couplesSamples: Bool { coupling.couplesSamples }

    /// The schedule, the prediction and the law of noise.
    public var process: DiffusionProcess { plain.process }

    /// The objective without corrections.
    var plain: Denoising {
        var result = Denoising()
        result.schedule = schedule
        result.prediction = prediction
        result.time = time
        result.weighting = weighting
        result.noise = noise
        result.coupling = coupling
        result.labelDropout = labelDropout
        return result
    }

    /// The sum over samples of the weighted mean squared error of the network's output at the corrected inputs.
    ///
    /// The first pass computes in the precision of the second. No gradient flows through it.
    public func loss(_ model: any Denoiser, _ batch: Batch, _ context: ObjectiveContext) -> Loss {
        guard power.isFinite, context.progress.samples >= warmup.rawValue else {
            return plain.loss(model, batch, context)
        }
        let plain = plain
        let levels = plain.levels(of: batch, context)
        let noised = plain.noised(batch, levels, seed: context.seed)
        let labels = column(levels.map(\.around.noiseLabel), rank: 1)
        let condition = plain.condition(of: batch, seed: context.seed)
        // Dropped units would count as errors of the network, so the first pass drops none and takes no random numbers.
        let forward = context.forward
        let probe = ForwardContext(
            weights: forward.weights,
            tape: nil,
            isTraining: false,
            random: forward.random,
            isTrainable: false
        )
        let guess = model(noised.input, noiseLabel: labels, condition: condition, probe)
        let corrected = noised.corrected(from: guess, levels.map { NoiseCorrection($0, power: power) })
        let answer = model(corrected.input, noiseLabel: labels, condition: condition, forward)
        return Denoising.loss(of: answer, to: corrected.target, levels)
    }
}

/// By how much a network's error moves its input and its target, for one sample.
///
/// With the residual `r = target - F` of the network, the clean image is missed by `output r`. Of `x_t` nothing is
/// missed, so the noise is missed by `delta = -alpha output r / sigma = alpha r / (alpha targetNoise - sigma
/// targetData)`.
struct NoiseCorrection {
    /// The factor of `r` that is added to the scaled input, `inputScale sigma lambda delta / r`.
    let input: Double
    /// The factor of `r` that is added to the target, `targetNoise lambda delta / r`.
    let target: Double

    init(_ level: TrainedLevel, power: Double) {
        let (alpha, sigma, around) = (level.alpha, level.sigma, level.around)
        let share = sigma / (alpha * alpha + sigma * sigma).squareRoot()
        let strength = power == 0 ? 1 : Double.pow(share, power)
        // Written with `output`, it needs no division by a noise that may be 0.
        input = -around.inputScale * strength * alpha * around.output
        // A target without noise stays; the divisor may be 0 then.
        target =
            around.targetNoise == 0
            ? 0 : around.targetNoise * strength * alpha / around.noiseDivisor(alpha: alpha, sigma: sigma)
    }
}

extension Preconditioning {
    /// What an error of the target is divided by for `alpha` times the error of the noise, where `x_t` is known.
    fileprivate func noiseDivisor(alpha: Double, sigma: Double) -> Double {
        alpha * targetNoise - sigma * targetData
    }

    /// Whether the target and the noised image together determine the noise.
    fileprivate func tellsNoise(_ level: NoiseLevel) -> Bool {
        let (data, noise) = (level.sigma * targetData, level.alpha * targetNoise)
        return abs(noise - data) > 1e-9 * (abs(noise) + abs(data))
    }
}

extension NoisedBatch {
    /// The batch moved by the error of an answer to it.
    func corrected(from guess: Tensor, _ corrections: [NoiseCorrection]) -> NoisedBatch {
        precondition(guess.shape == target.shape, "output \(guess.shape), target \(target.shape)")
        let (missed, rank) = (target - guess, target.shape.rank)
        return NoisedBatch(
            input: input + missed * column(corrections.map(\.input), rank: rank),
            target: target + missed * column(corrections.map(\.target), rank: rank)
        )
    }
}
