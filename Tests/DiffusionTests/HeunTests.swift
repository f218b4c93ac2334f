import Buffers
import Diffusion
import Tensors
import TestSupport
import Testing

@Suite("Heun's method")
struct HeunTests {
    @Test(
        "has the known gain from noise 80 to 0",
        arguments: zip([10, 18, 40, 80], [0.0076224750, 0.0065953080, 0.0063109608, 0.0062643164])
    )
    func gain(steps: Int, expected: Double) {
        let result = GaussianRun().run(Heun(), steps: steps, from: 80).samples[0]
        expectClose(Double(result) / 80, expected, relative: 5e-6)
    }

    @Test("needs 35 evaluations for the paper's 18 steps")
    func evaluations() {
        #expect(Heun().steps == 18)
        #expect(Heun().evaluations(steps: 18) == 35)
    }

    @Test("quarters its error when the steps double")
    func order() {
        let exact = 0.006249878
        let errors = [40, 80].map { Double(GaussianRun().run(Heun(), steps: $0, from: 80).samples[0]) / 80 - exact }
        expectClose(errors[0] / errors[1], 4.2, absolute: 0.1)
    }

    @Test("stirred still draws the data", arguments: ["variance-exploding", "linear", "rectified-flow"])
    func churn(name: String) throws {
        let stirring = with(Heun()) { $0.churn = 40 }
        let run = try GaussianRun(schedule: schedule(name), width: 4000)
        let values = run.run(stirring, steps: 60).samples.map { Double($0) }
        let variance = values.reduce(0) { $0 + $1 * $1 } / 4000
        expectClose(variance.squareRoot(), 0.5, absolute: 0.03)
        #expect(values.map { Float($0) } != run.run(Heun(), steps: 60).samples)
    }

    // Where the network answers its own input nothing moves but the noise stirred in, so that the end holds the sum of
    // all of it. Its variance, of 20000 numbers, deviates by 1 %; four times that.
    @Test("stirs in the paper's share of noise within the interval")
    func stirred() {
        let schedule = with(VarianceExploding()) { $0.sigmaMax = 200 }
        let stirring = with(Heun()) {
            $0.churn = 4
            $0.churnMinimum = 0.05
            $0.churnMaximum = 50
            $0.churnNoise = 1.007
        }
        var noise = SampleNoise(seed: 5, samples: 0..<1)
        var levels: [Double] = []
        let times = stirring.grid.times(steps: 18, schedule)
        let end = stirring.sample(from: .full([1, 1, 1, 20_000], 0), along: times, schedule, using: &noise) { x, t in
            levels.append(schedule.sigma(t))
            return x
        }
        let planned = times.map(schedule.sigma)
        let raised = planned.map { (0.05...50).contains($0) ? $0 * (1 + 4.0 / 18) : $0 }
        #expect([0, 17].allSatisfy { raised[$0] == planned[$0] } && raised[8] > planned[8])
        expectClose(stride(from: 0, to: 35, by: 2).map { levels[$0] }, raised, Tolerance(relative: 1e-9))
        func squares(_ values: [Double]) -> Double { values.reduce(0) { $0 + $1 * $1 } }
        let expected = 1.007 * 1.007 * (squares(raised) - squares(planned))
        let variance = squares(end.floats.map { Double($0) }) / 20_000
        expectClose(variance, expected, relative: 0.04)
    }

    @Test("is stirred by at most the root of 2 a step")
    func most() {
        let schedule = with(VarianceExploding()) { $0.sigmaMax = 200 }
        let stirring = with(Heun()) { $0.churn = 1000 }
        var noise = SampleNoise(seed: 5, samples: 0..<1)
        var first = 0.0
        let times = stirring.grid.times(steps: 3, schedule)
        _ = stirring.sample(from: .full([1, 1, 1, 1], 0), along: times, schedule, using: &noise) { x, t in
            if first == 0 { first = schedule.sigma(t) }
            return x
        }
        expectClose(first, 80 * 2.0.squareRoot(), relative: 1e-9)
    }

    @Test("is not stirred outside the interval")
    func interval() {
        let stirring = with(Heun()) {
            $0.churn = 40
            $0.churnMinimum = 100
        }
        #expect(GaussianRun().run(stirring, steps: 9).samples == GaussianRun().run(Heun(), steps: 9).samples)
    }

    @Test("refuses values out of range")
    func ranges() {
        expectRefused("churn", with(Heun()) { $0.churn = -1 })
        expectRefused("churn_minimum", with(Heun()) { $0.churnMinimum = -1 })
        expectRefused("churn_maximum", with(Heun()) { $0.churnMaximum = -1 })
        expectRefused("churn_noise", with(Heun()) { $0.churnNoise = 0 })
        expectRefused("steps", with(Heun()) { $0.steps = 0 })
    }
}
