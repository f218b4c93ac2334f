import Configs
import Diffusion
import Testing

@Suite("The linear schedule")
struct LinearScheduleTests {
    // The first term left out of the sum is at most 4e-10, for 10 steps; direct products lose about 1e-16 a factor.
    @Test("has the product of 1 - beta at every index", arguments: [10, 200, 1000])
    func product(steps: Int) {
        let schedule = with(LinearSchedule()) {
            $0.steps = steps
            $0.betaEnd = 10 / Double(steps + 20)
            $0.betaStart = 0.1 / Double(steps)
        }
        var product = 1.0
        for index in 0..<steps {
            let share = Double(index) / Double(steps - 1)
            product *= 1 - (schedule.betaStart + share * (schedule.betaEnd - schedule.betaStart))
            let alpha = schedule.alpha(Double(index) / Double(steps))
            expectClose(alpha * alpha, product, relative: 1e-8, "index \(index) of \(steps)")
        }
    }

    @Test("of DDPM meets its product to rounding")
    func exact() {
        var product = 1.0
        for index in 0..<1000 {
            product *= 1 - (1e-4 + Double(index) / 999 * (0.02 - 1e-4))
            let alpha = LinearSchedule().alpha(Double(index) / 1000)
            expectClose(alpha * alpha, product, relative: 1e-12, "index \(index)")
        }
    }

    @Test(
        "has the known signal-to-noise ratios of DDPM",
        arguments: zip([0, 100, 129, 130, 250, 999], [9999, 8.53666958, 5.064714, 4.983211, 1.08952805, 4.0359927e-5])
    )
    func ratios(index: Int, expected: Double) {
        let ratio = LinearSchedule().signalToNoise(Double(index) / 1000)
        expectClose(ratio, expected, relative: 1e-7)
    }

    @Test("has a sigma that belongs to its alpha")
    func variance() {
        for t in [0, 0.001, 0.5, 1] {
            let (alpha, sigma) = (LinearSchedule().alpha(t), LinearSchedule().sigma(t))
            expectClose(alpha * alpha + sigma * sigma, 1, absolute: 1e-15)
        }
    }

    @Test("may have equal betas")
    func constant() {
        let schedule = with(LinearSchedule()) { $0.betaEnd = $0.betaStart }
        #expect(throws: Never.self) { try schedule.validate() }
        expectClose(schedule.alpha(0.999), 0.9512270462715808, absolute: 1e-10)
    }

    @Test("refuses betas that do not rise or reach 1")
    func ranges() {
        expectRefused("beta_start", with(LinearSchedule()) { $0.betaStart = 0 })
        expectRefused("beta_end", with(LinearSchedule()) { $0.betaEnd = 1e-5 })
        expectRefused("beta_end", with(LinearSchedule()) { $0.betaEnd = 1 })
        expectRefused("steps", with(LinearSchedule()) { $0.steps = 1 })
    }
}
