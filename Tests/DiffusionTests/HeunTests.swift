import Diffusion
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
