import Buffers
import Configs
import Tensors
import TestSupport
import Testing

@testable import Diffusion

@Suite("The ancestral sampler")
struct AncestralTests {
    // Beta tilde and the posterior mean of Ho et al. 2020, equations 6 and 7, written with their symbols.
    @Test("has DDPM's posterior", arguments: [1, 10, 500, 999])
    func posterior(index: Int) {
        let schedule = LinearSchedule()
        let bar = { (i: Int) in schedule.alpha(Double(i) / 1000) * schedule.alpha(Double(i) / 1000) }
        let (now, before) = (bar(index), bar(index - 1))
        let beta = 1 - now / before
        let posterior = NoisePosterior(
            from: NoiseLevel(Double(index) / 1000, schedule),
            to: NoiseLevel(Double(index - 1) / 1000, schedule)
        )
        expectClose(posterior.lower, (1 - before) / (1 - now) * beta, relative: 1e-9)
        expectClose(posterior.upper, beta, relative: 1e-9)
        expectClose(posterior.clean, before.squareRoot() * beta / (1 - now), relative: 1e-9)
        expectClose(posterior.image, (1 - beta).squareRoot() * (1 - before) / (1 - now), relative: 1e-9)
    }

    @Test("with the lower variance is DDIM with eta 1", arguments: Schedules.methodNames)
    func ddim(name: String) throws {
        let run = try GaussianRun(schedule: schedule(name), width: 50)
        let ancestral = run.run(Ancestral(), steps: 20).samples
        let ddim = run.run(with(DDIM()) { $0.eta = 1 }, steps: 20).samples
        expectClose(ancestral, ddim, Tolerance(absolute: 2e-4, relative: 1e-4))
    }

    @Test("draws more widely with the upper variance")
    func upper() {
        let run = GaussianRun(schedule: LinearSchedule(), width: 5000)
        let square = { (values: [Float]) in values.reduce(0) { $0 + $1 * $1 } }
        let lower = square(run.run(Ancestral(), steps: 20).samples)
        #expect(square(run.run(with(Ancestral()) { $0.variance = 1 }, steps: 20).samples) > lower)
    }

    @Test("adds no noise at its last step")
    func last() {
        let (a, b) = (GaussianRun(seed: 1), GaussianRun(seed: 2))
        #expect(a.run(Ancestral(), steps: 1, from: 3).samples == b.run(Ancestral(), steps: 1, from: 3).samples)
    }

    @Test("refuses a variance outside 0 to 1 and no steps")
    func ranges() {
        expectRefused("variance", with(Ancestral()) { $0.variance = 1.5 })
        expectRefused("steps", with(Ancestral()) { $0.steps = 0 })
    }
}
