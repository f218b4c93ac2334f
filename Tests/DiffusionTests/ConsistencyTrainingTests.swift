import Buffers
import Configs
import Networks
import RealModule
import Tensors
import TestSupport
import Testing

@testable import Diffusion

@Suite("Consistency training")
struct ConsistencyTrainingTests {
    /// A number of levels that stays.
    private func objective(levels: Int) -> ConsistencyTraining {
        with(ConsistencyTraining()) {
            $0.levels.start = levels
            $0.levels.end = levels
            $0.target = .live
        }
    }

    private func pair(_ objective: ConsistencyTraining, _ id: UInt64, levels: Int) -> ConsistencyPair {
        var random = RandomStream(seed: 1, purpose: .time, index: id)
        return ConsistencyPair(among: objective.grid(of: levels), using: &random)
    }

    /// The loss of normal images of deviation 0.5 and `[ids.count, 4, 4, 1]`.
    private func loss(_ objective: ConsistencyTraining, _ model: any Denoiser, _ ids: [UInt64]) -> Double {
        let images = ids.flatMap { id in
            var random = RandomStream(seed: 9, purpose: .sampling, index: id)
            return random.normal([16]).floats.map { 0.5 * $0 }
        }
        let batch = Batch(
            images: TensorData(images, shape: [ids.count, 4, 4, 1]),
            condition: Condition(),
            sampleIDs: ids
        )
        let streams = ids.map { RandomStream(seed: 1, purpose: .dropout, index: $0) }
        let forward = ForwardContext(
            parameters: FlatBuffer(count: 0),
            tape: nil,
            isTraining: true,
            random: streams[0]
        )
        forward.sampleRandoms = streams
        let context = ObjectiveContext(forward: forward, progress: Progress(plannedSamples: 1000), seed: 1)
        return Double(objective.loss(model, batch, context).total.item)
    }

    @Test("has EDM's levels, of which the last is the boundary")
    func levels() {
        let levels = ConsistencyTraining().grid(of: 5)
        let expected = [80, 17.527832, 2.515219, 0.169753, 0.002]
        expectClose(levels.map(\.sigma), expected, Tolerance(relative: 3e-6))
        #expect(levels.last?.around.output == 0)
        #expect(levels.dropLast().allSatisfy { $0.around.output > 0 })
        let lower = with(ConsistencyTraining()) { $0.schedule = with(VarianceExploding()) { $0.sigmaMax = 10 } }
        expectClose(lower.grid(of: 2).map(\.sigma), [10, 0.002], Tolerance(relative: 1e-9))
    }

    // Four times the deviation of a share of a quarter among 4000.
    @Test("draws every pair of neighbours alike, by sample id")
    func pairs() {
        let objective = objective(levels: 5)
        let levels = objective.grid(of: 5)
        var counts = [0, 0, 0, 0]
        for id in 0..<4000 as Range<UInt64> {
            let pair = pair(objective, id, levels: 5)
            guard let place = levels.firstIndex(where: { $0.t == pair.noisier.t }) else { continue }
            #expect(levels[place + 1].t == pair.cleaner.t)
            counts[place] += 1
        }
        expectClose(counts.map { Double($0) / 4000 }, [0.25, 0.25, 0.25, 0.25], Tolerance(absolute: 0.0274))
    }

    @Test("pairs an image with the step of Euler's method towards the clean image")
    func euler() {
        let levels = ConsistencyTraining().grid(of: 5)
        let (clean, noise) = (Tensor([0.3, -0.8], [1, 1, 1, 2]), Tensor([1.7, -0.4], [1, 1, 1, 2]))
        for (noisier, cleaner) in zip(levels, levels.dropFirst()) {
            let (from, to) = (ConsistencyInput(clean, noise, [noisier]), ConsistencyInput(clean, noise, [cleaner]))
            let (start, next) = (NoiseLevel(noisier.t, VarianceExploding()), NoiseLevel(cleaner.t, VarianceExploding()))
            let step = start.keepNoise(from.noised, clean: clean, to: next)
            // The noise of 80 is rounded to 4e-6 of single precision and scaled down again.
            expectClose(step.floats, to.noised.floats, Tolerance(absolute: 4e-6))
        }
    }

    // Given the pairs, each number's difference is normal; the mean of 512 x 16 squares deviates by 1.6 %, times four.
    @Test("of the exact ends for normal data is the known error of the pairs")
    func oracle() {
        let objective = objective(levels: 12)
        let ids = Array(0..<512 as Range<UInt64>)
        let expected = ids.reduce(0) { sum, id in
            let pair = pair(objective, id, levels: 12)
            return sum + ExactEnds.error(pair.noisier.sigma, pair.cleaner.sigma)
        }
        expectClose(loss(objective, ExactEnds(), ids), expected, relative: 0.064)
    }

    // The error of a pair is of first order in its length, so that the loss falls by 4 when the levels double.
    @Test("of the exact ends falls to zero as the levels get denser")
    func refinement() {
        let losses = [200, 400].map { count in
            let sigmas = ConsistencyTraining().grid(of: count).map(\.sigma)
            return zip(sigmas, sigmas.dropFirst()).reduce(0) { $0 + ExactEnds.error($1.0, $1.1) } / Double(count - 1)
        }
        expectClose(losses[0] / losses[1], 4, relative: 0.1)
    }

    // One step of Heun's method errs by the third order of its length, squared the sixth; 16 would be the fourth.
    @Test("towards Heun's step with an exact teacher vanishes at second order or better")
    func teacher() {
        let losses = [40, 80].map { count in
            let sigmas = ConsistencyTraining().grid(of: count).map(\.sigma)
            return zip(sigmas, sigmas.dropFirst()).reduce(0) { sum, pair in
                let z = (0.25 + pair.0 * pair.0).squareRoot()
                func slope(_ z: Double, _ sigma: Double) -> Double { (z - 0.25 / (0.25 + sigma * sigma) * z) / sigma }
                let first = slope(z, pair.0)
                let second = slope(z + (pair.1 - pair.0) * first, pair.1)
                let next = z + (pair.1 - pair.0) * (first + second) / 2
                let error = ExactEnds.gain(pair.0) * z - ExactEnds.gain(pair.1) * next
                return sum + error * error
            } / Double(count - 1)
        }
        #expect(losses[0] / losses[1] > 16, "losses \(losses)")
    }

    @Test("gives no gradient to the target, with live parameters or their average")
    func live() {
        let average = with(ConsistencyTraining()) { $0.levels.start = 10 }
        let live = with(average) { $0.target = .live }
        var task = SmallTask()
        let (plain, moving) = (task.gradients(live, 0..<5), task.loss(live, 0..<5).total.item)
        task = SmallTask(averages: 1, like: task.parameters)
        #expect(task.gradients(average, 0..<5) == plain)
        #expect(task.loss(average, 0..<5).total.item == moving)
        #expect(live.averagesNeeded == 0 && average.averagesNeeded == 1)
    }

    @Test("has the pseudo-Huber distance of the paper", arguments: [0.00054, 0.03, 2])
    func huber(scale: Double) {
        let squared = objective(levels: 6)
        let huber = with(squared) {
            $0.distance = .pseudoHuber
            $0.huberScale = scale
        }
        let constant = scale * 18.0.squareRoot()
        for id in 0..<5 as Range<UInt64> {
            let square = 18 * Double(SmallTask().loss(squared, id..<id + 1).total.item)
            let expected = (square + constant * constant).squareRoot() - constant
            expectClose(
                Double(SmallTask().loss(huber, id..<id + 1).total.item),
                expected,
                absolute: 2e-6,
                relative: 1e-5
            )
        }
    }

    // A network that answers its own mask as the end of every path loses nothing if both passes have the same mask.
    @Test("drops the same units in both passes")
    func dropout() {
        let objective = objective(levels: 20)
        let ids = Array(0..<40 as Range<UInt64>).filter { pair(objective, $0, levels: 20).cleaner.around.output > 0 }
        #expect(ids.count > 20)
        // Answers are up to 80 c_skip large before the mask is added, in single precision.
        #expect(loss(objective, MaskedEnds(), ids) < 1e-6)
    }

    @Test("has more levels later in the run")
    func growth() {
        let objective = with(ConsistencyTraining()) { $0.target = .live }
        func loss(_ samples: UInt64) -> Float {
            let task = SmallTask()
            let forward = ForwardContext(
                parameters: task.parameters,
                tape: nil,
                isTraining: true,
                random: RandomStream(seed: 1, purpose: .dropout, index: 0)
            )
            let progress = Progress(samples: samples, plannedSamples: 1000)
            let context = ObjectiveContext(forward: forward, progress: progress, seed: 1)
            return objective.loss(task.model, task.batch(0..<20), context).total.item
        }
        #expect(loss(1000) < 0.1 * loss(0))
    }

    @Test("refuses other predictions and schedules without the boundary, naming both")
    func refusals() {
        func text(_ change: (inout ConsistencyTraining) -> Void) -> String {
            let error = #expect(throws: ConfigError.self) { try with(ConsistencyTraining(), change).validate() }
            return error?.description ?? ""
        }
        #expect(
            text { $0.prediction = EDMPrediction() }.contains("'objective: consistency-training' and 'prediction: edm'")
        )
        #expect(text { $0.schedule = RectifiedFlow() }.contains("'schedule: rectified-flow'"))
        let narrow = text { $0.schedule = with(VarianceExploding()) { $0.sigmaMin = 0.01 } }
        #expect(narrow.contains("sigma_min: 0.002") && narrow.contains("schedule: variance-exploding"))
        let denoising = with(Denoising()) { $0.prediction = ConsistencyPrediction() }
        let error = #expect(throws: ConfigError.self) { try denoising.validate() }
        #expect(error?.description.contains("'objective: denoising' and 'prediction: consistency'") == true)
        expectRefused("rho", with(ConsistencyTraining()) { $0.rho = 0 })
        expectRefused("huber_scale", with(ConsistencyTraining()) { $0.huberScale = 0 })
        expectRefused("label_dropout", with(ConsistencyTraining()) { $0.labelDropout = 2 })
    }
}

/// A network that answers a given end of the path for every image on `variance-exploding`; at the boundary it
/// answers 0.
private func output(
    _ x: Tensor,
    _ noiseLabel: Tensor,
    end: (_ noised: Tensor, _ sigma: Double) -> Tensor
) -> Tensor {
    let schedule = VarianceExploding()
    let rows = (0..<x.shape[0]).map { row in
        let sigma = Double.exp(Double(noiseLabel.floats[row]) * 4 / ConsistencyPrediction().labelScale)
        let around = ConsistencyPrediction().preconditioning(at: schedule.time(noiseRatio: sigma), schedule)
        let noised = x.slice(axis: 0, row..<row + 1) * Float(1 / around.inputScale)
        guard around.output > 1e-6 else { return noised * 0 }
        return (end(noised, sigma) - noised * Float(around.skip)) * Float(1 / around.output)
    }
    return .concatenate(rows, axis: 0)
}

/// The exact ends for normal data of deviation 0.5.
private struct ExactEnds: Denoiser {
    let inputChannels = 1
    let outputChannels = 1

    static func gain(_ sigma: Double) -> Double {
        ((0.002 * 0.002 + 0.25) / (sigma * sigma + 0.25)).squareRoot()
    }

    /// The mean squared difference of the ends of `x + sigma n` and `x + next n`.
    static func error(_ sigma: Double, _ next: Double) -> Double {
        let (data, noise) = (gain(sigma) - gain(next), gain(sigma) * sigma - gain(next) * next)
        return 0.25 * data * data + noise * noise
    }

    func callAsFunction(
        _ x: Tensor,
        noiseLabel: Tensor,
        condition: Condition,
        _ context: ForwardContext
    ) -> Tensor {
        output(x, noiseLabel) { noised, sigma in noised * Float(Self.gain(sigma)) }
    }
}

/// A network whose ends are the units that it keeps.
private struct MaskedEnds: Denoiser {
    let inputChannels = 1
    let outputChannels = 1

    func callAsFunction(
        _ x: Tensor,
        noiseLabel: Tensor,
        condition: Condition,
        _ context: ForwardContext
    ) -> Tensor {
        let kept = Dropout(rate: 0.5)(.full(x.shape, 1), context)
        var row = 0
        return output(x, noiseLabel) { _, _ in
            row += 1
            return kept.slice(axis: 0, row - 1..<row)
        }
    }
}
