import Buffers
import Diffusion
import Networks
import Tensors
import TestSupport
import Testing

@Suite("The generator")
struct GeneratorTests {
    private let process = DiffusionProcess(schedule: CosineSchedule(), prediction: VelocityPrediction())
    private let parameters = FlatBuffer(count: 0)

    private func generator(_ plan: SamplingPlan) -> Generator {
        let model = GaussianDenoiser(data: GaussianData(mean: 0.2, deviation: 0.3), process: process)
        return Generator(model, process, plan)
    }

    @Test("draws the same samples for any batch and any share of the work")
    func split() {
        let plan = SamplingPlan(sampler: Ancestral(), steps: 4, seed: 3, batch: 3)
        let labels = [0, 1, 2, 3, 4, 5, 6]
        let whole = generator(plan).generate(parameters, count: 7, image: [2, 2, 1], labels: labels)
        #expect(whole.shape == [7, 2, 2, 1])
        let other = generator(with(plan) { $0.batch = 7 })
        #expect(other.generate(parameters, count: 7, image: [2, 2, 1], labels: labels).floats == whole.floats)
        let part = other.generate(parameters, samples: 4..<7, image: [2, 2, 1], labels: [4, 5, 6])
        #expect(part.floats == whole.rows(4..<7).floats)
    }

    // 600 numbers: mean and deviation are off by at most four times 0.3 / sqrt(600).
    @Test("draws the data that the network knows")
    func distribution() {
        let plan = SamplingPlan(sampler: with(Heun()) { $0.grid = Grid() }, steps: 20, seed: 4)
        let values = generator(plan).generate(parameters, count: 6, image: [10, 10, 1]).floats.map { Double($0) }
        let mean = values.reduce(0, +) / 600
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 600
        expectClose(mean, 0.2, absolute: 0.05)
        expectClose(variance.squareRoot(), 0.3, absolute: 0.05)
    }

    @Test("follows labels, and guidance beyond them")
    func labels() {
        let mean = { (guidance: any Guidance) in
            let plan = SamplingPlan(sampler: Euler(), steps: 10, guidance: guidance, seed: 5)
            let values = generator(plan).generate(parameters, count: 2, image: [8, 8, 1], labels: [2, 2]).floats
            return Double(values.reduce(0, +)) / 128
        }
        expectClose(mean(NoGuidance()), 2.2, absolute: 0.15)
        // Conditional and unconditional means lie 2 apart; weight 2 goes as far again, for normal data of one deviation
        // exactly.
        expectClose(mean(ClassifierFree(weight: 2)), 4.2, absolute: 0.15)
    }

    @Test("cuts clean predictions to a bound")
    func bound() {
        let plan = SamplingPlan(sampler: Euler(), steps: 5, seed: 6, bound: 0.1)
        let values = generator(plan).generate(parameters, count: 3, image: [4, 4, 1]).floats
        #expect(values.allSatisfy { abs($0) <= 0.1 })
    }

    @Test("reports the samples that are done")
    func report() {
        var done: [Int] = []
        let plan = SamplingPlan(sampler: Euler(), steps: 1, seed: 6, batch: 2)
        _ = generator(plan).generate(parameters, count: 5, image: [1, 1, 1]) { done.append($0) }
        #expect(done == [2, 4, 5])
        #expect(generator(plan).generate(parameters, count: 0, image: [1, 1, 1]).shape == [0, 1, 1, 1])
    }
}
