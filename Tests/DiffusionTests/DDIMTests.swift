import Configs
import Diffusion
import TestSupport
import Testing

@Suite("The DDIM sampler")
struct DDIMTests {
    // Two steps by hand on the linear schedule: x' = alpha' x_0 + sigma' (x - alpha x_0) / sigma.
    @Test("follows the paper's step")
    func step() {
        let schedule = LinearSchedule()
        let data = GaussianData()
        var x = 0.8
        for (t, next) in [(1.0, 0.5), (0.5, nil as Double?)] {
            let (alpha, sigma) = (schedule.alpha(t), schedule.sigma(t))
            let clean = alpha * 0.25 / data.variance(alpha: alpha, sigma: sigma) * x
            let noise = (x - alpha * clean) / sigma
            x = next.map { schedule.alpha($0) * clean + schedule.sigma($0) * noise } ?? clean
        }
        let result = GaussianRun(schedule: schedule).run(DDIM(), steps: 2, from: 0.8).samples[0]
        expectClose(Double(result), x, relative: 1e-5)
    }

    @Test("without fresh noise is Euler's method", arguments: Schedules.methodNames)
    func euler(name: String) throws {
        let run = try GaussianRun(schedule: schedule(name), width: 20)
        #expect(run.run(DDIM(), steps: 7).samples == run.run(Euler(), steps: 7).samples)
    }

    @Test("draws fresh noise only with eta above 0")
    func eta() {
        let (a, b) = (GaussianRun(seed: 1), GaussianRun(seed: 2))
        #expect(a.run(DDIM(), steps: 5, from: 2).samples == b.run(DDIM(), steps: 5, from: 2).samples)
        let noisy = with(DDIM()) { $0.eta = 0.5 }
        #expect(a.run(noisy, steps: 5, from: 2).samples != b.run(noisy, steps: 5, from: 2).samples)
    }

    @Test("refuses an eta outside 0 to 1")
    func ranges() {
        expectRefused("eta", with(DDIM()) { $0.eta = 2 })
        expectRefused("steps", with(DDIM()) { $0.steps = 100_001 })
    }
}
