import Buffers
import Diffusion
import Tensors
import Testing

@Suite("Sampling in several consistency steps")
struct MultistepConsistencyTests {
    /// The inputs of all evaluations with a network that answers one number.
    private func inputs(
        _ sampler: MultistepConsistency,
        _ schedule: any NoiseSchedule,
        steps: Int,
        answer: Float
    ) -> [[Float]] {
        var noise = SampleNoise(seed: 3, samples: 0..<1)
        var inputs: [[Float]] = []
        let times = sampler.grid.times(steps: steps, schedule)
        _ = sampler.sample(from: .full([1, 1, 1, 20_000], 2), along: times, schedule, using: &noise) { x, _ in
            inputs.append(x.floats)
            return .full(x.shape, answer)
        }
        return inputs
    }

    @Test("in one step is the network's answer to the start, without fresh noise")
    func oneStep() {
        var noise = SampleNoise(seed: 3, samples: 0..<1)
        let schedule = VarianceExploding()
        let times = MultistepConsistency().grid.times(steps: 1, schedule)
        let end = MultistepConsistency().sample(from: .full([1, 2, 2, 1], 6), along: times, schedule, using: &noise) {
            x,
            t in
            expectClose(schedule.sigma(t), 80, relative: 1e-9)
            return x * 0.5
        }
        #expect(end.floats == [3, 3, 3, 3])
    }

    // The variance of 20000 numbers deviates by 1 %; four times that.
    @Test("adds the level's noise less what the answer holds already")
    func fresh() throws {
        let sampler = with(MultistepConsistency()) { $0.sigmaMin = 0.5 }
        let seen = inputs(sampler, VarianceExploding(), steps: 2, answer: 0)
        #expect(seen.count == 2 && seen[0].allSatisfy { $0 == 2 })
        let variance = seen[1].reduce(0) { $0 + Double($1) * Double($1) } / 20_000
        expectClose(variance, 0.8 * 0.8 - 0.5 * 0.5, relative: 0.04)
    }

    // Four deviations of the mean of 20000 numbers of deviation sigma < 0.63.
    @Test("scales images down on schedules that keep the variance")
    func scaled() {
        let schedule = LinearSchedule()
        let level = schedule.time(noiseRatio: 0.8)
        let seen = inputs(MultistepConsistency(), schedule, steps: 2, answer: 1)
        let mean = seen[1].reduce(0) { $0 + Double($1) } / 20_000
        expectClose(mean, schedule.alpha(level), absolute: 0.018)
        let variance = seen[1].reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / 20_000
        expectClose(variance, schedule.sigma(level) * schedule.sigma(level), relative: 0.04)
    }

    @Test("refuses values out of range")
    func ranges() {
        expectRefused("sigma_min", with(MultistepConsistency()) { $0.sigmaMin = 0 })
        expectRefused("steps", with(MultistepConsistency()) { $0.steps = 0 })
    }
}
