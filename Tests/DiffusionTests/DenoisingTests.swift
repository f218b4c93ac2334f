import Buffers
import Configs
import Networks
import Tensors
import TestSupport
import Testing

@testable import Diffusion

@Suite("The denoising objective")
struct DenoisingTests {
    @Test("is zero for the best network of data in a single point", arguments: ["noise", "clean", "velocity", "flow"])
    func zero(name: String) throws {
        var objective = Denoising()
        objective.schedule = CosineSchedule()
        objective.prediction = try prediction(name)
        objective.time = UniformTime()
        let model = GaussianDenoiser(data: GaussianData(mean: 0.5, deviation: 0), process: objective.process)
        let batch = Batch(
            images: TensorData([Float](repeating: 0.5, count: 32), shape: [8, 2, 2, 1]),
            condition: Condition(),
            sampleIDs: Array(0..<8)
        )
        let forward = ForwardContext(
            parameters: FlatBuffer(count: 0),
            tape: nil,
            isTraining: true,
            random: RandomStream(seed: 1, purpose: .dropout, index: 0)
        )
        let loss = objective.loss(
            model,
            batch,
            ObjectiveContext(forward: forward, progress: Progress(plannedSamples: 100), seed: 3)
        )
        // The label holds t in single precision, and its error of 6e-8 is divided by sigma, at least 0.01, and squared.
        #expect(loss.total.item < 1e-7, "loss \(loss.total.item)")
    }

    @Test("weighs each sample's mean squared error", arguments: Weightings.methodNames)
    func weights(name: String) throws {
        var objective = Denoising()
        let (task, uniform) = (SmallTask(), objective)
        objective.weighting = try weighting(name)
        for id in 0..<5 as Range<UInt64> {
            let plain = Double(task.loss(uniform, id..<id + 1).total.item)
            var random = RandomStream(seed: 1, purpose: .time, index: id)
            let t = objective.time.time(
                ofSample: id,
                objective.schedule,
                at: Progress(plannedSamples: 1000),
                using: &random
            )
            let around = objective.prediction.preconditioning(at: t, objective.schedule)
            let weight = objective.weighting.weight(at: t, objective.schedule, around)
            expectClose(Double(task.loss(objective, id..<id + 1).total.item), plain * weight, relative: 1e-6)
        }
    }

    @Test("trains on images of the schedule's mean and variance", arguments: Schedules.methodNames)
    func marginal(name: String) throws {
        let schedule = try schedule(name)
        let count = 5000
        // Data that is 0.2 or 0.8: mean 0.5, variance 0.09.
        let images = TensorData((0..<count).map { $0 % 2 == 0 ? 0.2 : 0.8 }, shape: [1, 1, 1, count])
        for t in [0.1, 0.5, 0.9] {
            let around = CleanPrediction().preconditioning(at: t, schedule)
            let (alpha, sigma) = (schedule.alpha(t), schedule.sigma(t))
            let level = TrainedLevel(t: t, alpha: alpha, sigma: sigma, around: around, weight: 1)
            let noised = NoisedBatch(images, ids: [3], [level], seed: 9)
            let values = noised.input.floats.map { Double($0) / around.inputScale }
            let mean = values.reduce(0, +) / Double(count)
            let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count)
            let expected = alpha * alpha * 0.09 + sigma * sigma
            expectClose(mean, alpha * 0.5, absolute: 4 * (expected / Double(count)).squareRoot(), "mean at \(t)")
            expectClose(variance, expected, relative: 4 * (2 / Double(count)).squareRoot(), "variance at \(t)")
            #expect(noised.target.floats == images.floats)
        }
    }

    @Test("drops a share of the labels by sample")
    func labels() {
        let task = SmallTask()
        let objective = with(Denoising()) { $0.labelDropout = 0.3 }
        let batch = task.batch(0..<1000)
        let kept = objective.condition(of: batch, seed: 1).labels ?? []
        let dropped = zip(kept, batch.condition.labels ?? []).filter { $0 != $1 }
        #expect(dropped.allSatisfy { $0.0 == Condition.dropped })
        // Four times the deviation of a share of 0.3 among 1000.
        expectClose(Double(dropped.count) / 1000, 0.3, absolute: 0.058)
        #expect(objective.condition(of: task.batch(500..<600), seed: 1).labels == Array(kept[500..<600]))
        let never = with(Denoising()) { $0.labelDropout = 0 }
        #expect(never.condition(of: batch, seed: 1).labels == batch.condition.labels)
    }

    @Test("reports errors by quarter of the noise levels")
    func parts() {
        let loss = SmallTask().loss(with(Denoising()) { $0.time = UniformTime() }, 0..<40)
        #expect(loss.parts.first?.name == "error")
        #expect(loss.parts.first?.count == 40)
        #expect(loss.parts.dropFirst().reduce(0) { $0 + $1.count } == 40)
        expectClose(loss.parts.dropFirst().reduce(0) { $0 + $1.sum }, loss.parts[0].sum, relative: 1e-9)
        // The default weighting is uniform.
        expectClose(Double(loss.total.item), loss.parts[0].sum, relative: 1e-6)
    }

    @Test("refuses to predict noise where no data is left, and bad shares")
    func refusals() throws {
        let noise = with(Denoising()) { $0.prediction = NoisePrediction() }
        let error = #expect(throws: ConfigError.self) { try noise.validate() }
        #expect(error?.description.contains("'prediction: noise' and 'schedule: rectified-flow'") == true)
        #expect(throws: Never.self) { try with(noise) { $0.schedule = LinearSchedule() }.validate() }
        expectRefused("label_dropout", with(Denoising()) { $0.labelDropout = 1.1 })
    }
}
