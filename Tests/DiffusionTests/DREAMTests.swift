import Buffers
import Configs
import Networks
import RealModule
import Tensors
import TestSupport
import Testing

@testable import Diffusion

@Suite("The objective dream")
struct DREAMTests {
    // alphabar 0.5, image 2, noise 0.5, guess 0.1. The numbers are known to eight places, and computed in float32.
    @Test(
        "moves input and target by the known amounts",
        arguments: [
            (0, 2.05060967, 0.9), (1, 1.96776695, 0.78284271), (2, 1.90918831, 0.7), (Double.infinity, 1.76776695, 0.5),
        ]
    )
    func knownShifts(power: Double, input: Double, target: Double) {
        let half = 0.5.squareRoot()
        let level = level(alpha: half, sigma: half)
        let noised = NoisedBatch(
            input: Tensor([Float(half * 2 + half * 0.5)], [1, 1, 1, 1]),
            target: Tensor([0.5], [1, 1, 1, 1])
        )
        expectClose(Double(noised.input.item), 1.76776695, absolute: 3e-7)
        let moved = noised.corrected(from: Tensor([0.1], [1, 1, 1, 1]), [NoiseCorrection(level, power: power)])
        expectClose(Double(moved.input.item), input, absolute: 5e-7)
        expectClose(Double(moved.target.item), target, absolute: 3e-7)
        // What is left of the data does not move.
        expectClose(Double(moved.input.item) - half * Double(moved.target.item), half * 2, absolute: 7e-7)
    }

    // The definition, in double precision: the noise that a network sees is what its clean image leaves of `x_t`.
    @Test(
        "corrects every prediction by its error of the noise",
        arguments: Predictions.methodNames,
        [0, 0.5, 1, 3]
    )
    func everyPrediction(name: String, power: Double) throws {
        let prediction = try prediction(name)
        for (schedule, t) in [(LinearSchedule(), 0.3), (CosineSchedule(), 0.8), (RectifiedFlow(), 0.6)]
            as [(any NoiseSchedule, Double)]
        {
            let (alpha, sigma) = (schedule.alpha(t), schedule.sigma(t))
            let around = prediction.preconditioning(at: t, schedule)
            let correction = NoiseCorrection(
                TrainedLevel(t: t, alpha: alpha, sigma: sigma, around: around, weight: 1),
                power: power
            )
            let (clean, noise, answer) = (0.7, -0.4, 0.25)
            let noised = alpha * clean + sigma * noise
            let residual = around.targetData * clean + around.targetNoise * noise - answer
            let guess = (noised - alpha * (around.skip * noised + around.output * answer)) / sigma
            let norm = (alpha * alpha + sigma * sigma).squareRoot()
            let moved = noise + Double.pow(sigma / norm, power) * (noise - guess)
            expectClose(
                around.inputScale * noised + correction.input * residual,
                around.inputScale * (alpha * clean + sigma * moved),
                absolute: 1e-12
            )
            expectClose(
                around.targetData * clean + around.targetNoise * noise + correction.target * residual,
                around.targetData * clean + around.targetNoise * moved,
                absolute: 1e-12
            )
        }
    }

    @Test("is finite at both ends of every schedule", arguments: Schedules.methodNames, Predictions.methodNames)
    func ends(scheduleName: String, predictionName: String) throws {
        let (schedule, prediction) = try (schedule(scheduleName), prediction(predictionName))
        let dream = with(DREAM()) {
            $0.schedule = schedule
            $0.prediction = prediction
        }
        guard (try? dream.validate()) != nil else { return }
        for t in [0, 1e-9, 1.0] {
            for power in [0, 0.5, 1] {
                let level = TrainedLevel(
                    t: t,
                    alpha: schedule.alpha(t),
                    sigma: schedule.sigma(t),
                    around: prediction.preconditioning(at: t, schedule),
                    weight: 1
                )
                let correction = NoiseCorrection(level, power: power)
                #expect(correction.input.isFinite && correction.target.isFinite, "at \(t), power \(power)")
            }
        }
    }

    @Test("without corrections is the denoising objective to the bit", arguments: Predictions.methodNames)
    func plain(name: String) throws {
        let task = SmallTask()
        let prediction = try prediction(name)
        let dream = with(DREAM()) {
            $0.schedule = LinearSchedule()
            $0.prediction = prediction
        }
        for same in [with(dream) { $0.power = .infinity }, with(dream) { $0.warmup = 1 }] {
            #expect(task.loss(same, 0..<6).total.item == task.loss(dream.plain, 0..<6).total.item)
            #expect(task.gradients(same, 0..<6) == task.gradients(dream.plain, 0..<6))
        }
        #expect(task.loss(dream, 0..<6).total.item != task.loss(dream.plain, 0..<6).total.item)
    }

    // The label holds t in single precision, and its error of 6e-8 is divided by sigma, at least 0.01, and squared.
    @Test("is zero for a network that makes no errors", arguments: ["noise", "clean", "velocity", "flow"])
    func perfect(name: String) throws {
        let prediction = try prediction(name)
        let dream = with(DREAM()) {
            $0.schedule = CosineSchedule()
            $0.prediction = prediction
            $0.time = UniformTime()
        }
        let model = GaussianDenoiser(data: GaussianData(mean: 0.5, deviation: 0), process: dream.process)
        #expect(loss(dream, model, Array(repeating: 0.5, count: 8)).total.item < 1e-7)
    }

    @Test("looks first without a tape, without training and without random numbers, then as denoising does")
    func passes() throws {
        let tape = Tape()
        let model = RecordingDenoiser()
        let forward = ForwardContext(
            parameters: FlatBuffer(count: 0),
            tape: tape,
            isTraining: true,
            random: RandomStream(seed: 1, purpose: .dropout, index: 0)
        )
        forward.taps = [:]
        _ = loss(DREAM(), model, [0.1, -0.3, 0.8], forward)
        let undisturbed = with(RandomStream(seed: 1, purpose: .dropout, index: 0)) { _ = $0.uniform() }
        // The pass that is trained took one number; the first one took none and drew into no tap.
        var (left, expected) = (forward.random, undisturbed)
        #expect(left.uniform() == expected.uniform())
        #expect(forward.taps?.keys.sorted() == ["trained"])
    }

    @Test("lets no gradient through the first pass")
    func stopped() {
        let task = SmallTask()
        let dream = with(DREAM()) { $0.power = 0 }
        let constant = FrozenDenoiser(model: task.model, moving: task.parameters)
        let tape = Tape()
        let result = FlatBuffer(count: task.parameters.count)
        tape.backward(task.loss(dream, 0..<5, tape: tape, through: constant).total, into: result, of: task.parameters)
        #expect(result.floats == task.gradients(dream, 0..<5))
    }

    @Test("does not depend on how a batch is split, for every power", arguments: [0, 1, 2.5])
    func split(power: Double) {
        let task = SmallTask()
        let dream = with(DREAM()) { $0.power = power }
        let whole = Double(task.loss(dream, 0..<6).total.item)
        let sum = (0..<6 as Range<UInt64>).reduce(0) { $0 + Double(task.loss(dream, $1..<$1 + 1).total.item) }
        expectClose(sum, whole, relative: 1e-6)
    }

    @Test("refuses powers below zero and predictions that do not tell the noise")
    func refusals() throws {
        expectRefused("power", with(DREAM()) { $0.power = -0.1 })
        expectRefused("power", with(DREAM()) { $0.power = .nan })
        expectRefused("label_dropout", with(DREAM()) { $0.labelDropout = 1.1 })
        let noise = #expect(throws: ConfigError.self) {
            try with(DREAM()) { $0.prediction = NoisePrediction() }.validate()
        }
        #expect(noise?.description.contains("'prediction: noise' and 'schedule: rectified-flow'") == true)
        let echo = #expect(throws: ConfigError.self) { try with(DREAM()) { $0.prediction = Echo() }.validate() }
        #expect(echo?.description.contains("'objective: dream' and 'prediction: echo'") == true)
        let consistency = #expect(throws: ConfigError.self) {
            try with(DREAM()) { $0.prediction = ConsistencyPrediction() }.validate()
        }
        #expect(consistency?.description.contains("'objective: dream' and 'prediction: consistency'") == true)
        for name in Predictions.methodNames where name != ConsistencyPrediction.name {
            let prediction = try prediction(name)
            let dream = with(DREAM()) {
                $0.schedule = LinearSchedule()
                $0.prediction = prediction
            }
            #expect(throws: Never.self) { try dream.validate() }
        }
    }

    private func level(alpha: Double, sigma: Double) -> TrainedLevel {
        let around = Preconditioning(
            inputScale: 1,
            noiseLabel: 0,
            skip: 1 / alpha,
            output: -sigma / alpha,
            targetData: 0,
            targetNoise: 1
        )
        return TrainedLevel(t: 0.5, alpha: alpha, sigma: sigma, around: around, weight: 1)
    }

    private func loss(
        _ objective: any Objective,
        _ model: any Denoiser,
        _ images: [Float],
        _ forward: ForwardContext? = nil
    ) -> Loss {
        let batch = Batch(
            images: TensorData(images, shape: [images.count, 1, 1, 1]),
            condition: Condition(),
            sampleIDs: images.indices.map { UInt64($0) }
        )
        let own = ForwardContext(
            parameters: FlatBuffer(count: 0),
            tape: nil,
            isTraining: true,
            random: RandomStream(seed: 1, purpose: .dropout, index: 0)
        )
        let context = ObjectiveContext(forward: forward ?? own, progress: Progress(plannedSamples: 100), seed: 3)
        return objective.loss(model, batch, context)
    }
}

/// A network that taps the kind of its pass and draws a number in training.
private struct RecordingDenoiser: Denoiser {
    let inputChannels = 1
    let outputChannels = 1

    func callAsFunction(
        _ x: Tensor,
        noiseLabel: Tensor,
        condition: Condition,
        _ context: ForwardContext
    ) -> Tensor {
        context.tap(context.isTraining && context.tape != nil ? "trained" : "first", x)
        if context.isTraining { _ = context.random.uniform() }
        return x * 0.5
    }
}

/// The network answers the noised image itself, which says nothing new about the noise.
private struct Echo: Prediction {
    static let name = "echo"
    static let reference = Reference(title: "None", year: 2026, link: "none")

    func validate() throws(ConfigError) {}

    func preconditioning(at t: Double, _ schedule: any NoiseSchedule) -> Preconditioning {
        Preconditioning(
            inputScale: 1,
            noiseLabel: 0,
            skip: 0,
            output: 1,
            targetData: schedule.alpha(t),
            targetNoise: schedule.sigma(t)
        )
    }
}
