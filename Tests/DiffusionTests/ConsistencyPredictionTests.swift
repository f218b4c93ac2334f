import Configs
import Diffusion
import Testing

@Suite("The consistency prediction")
struct ConsistencyPredictionTests {
    // `sigma_data` 0.5, `sigma_min` 0.002: noise, c_skip, c_out, and how far the table is rounded.
    @Test(
        "has the paper's coefficients",
        arguments: [
            [0.002, 1, 0, 1e-12], [0.5, 0.50200400, 0.35213918, 5e-9], [1, 0.20064141, 0.44631917, 5e-9],
            [80, 3.906293e-5, 0.49997773, 5e-9],
        ]
    )
    func coefficients(row: [Double]) {
        let schedule = VarianceExploding()
        let around = ConsistencyPrediction().preconditioning(at: schedule.time(noiseRatio: row[0]), schedule)
        expectClose(around.skip, row[1], absolute: row[3], relative: 1e-6)
        expectClose(around.output, row[2], absolute: row[3])
    }

    @Test("reads its input and labels its levels as EDM does", arguments: Schedules.methodNames)
    func edm(name: String) throws {
        let schedule = try schedule(name)
        for t in [0, 0.1, 0.5, 0.9, 1] {
            let around = ConsistencyPrediction().preconditioning(at: t, schedule)
            let edm = with(EDMPrediction()) { $0.labelScale = 20 }.preconditioning(at: t, schedule)
            #expect(around.inputScale == edm.inputScale)
            #expect(around.noiseLabel == edm.noiseLabel)
        }
    }

    @Test("is the image itself at the least noise and below, on every schedule", arguments: Schedules.methodNames)
    func boundary(name: String) throws {
        let schedule = try schedule(name)
        let prediction = with(ConsistencyPrediction()) { $0.sigmaMin = 0.2 }
        for ratio in [0.2, 0.1] where schedule.noiseRatio(0) <= ratio {
            let t = schedule.time(noiseRatio: ratio)
            let around = prediction.preconditioning(at: t, schedule)
            expectClose(around.skip * schedule.alpha(t), 1, absolute: 1e-12)
            expectClose(around.output, 0, absolute: 1e-12)
        }
        let above = prediction.preconditioning(at: schedule.time(noiseRatio: 0.21), schedule)
        #expect(above.output > 0.005)
    }

    @Test("on any schedule is the same prediction of the image scaled back to full signal")
    func scaled() {
        let (linear, exploding) = (LinearSchedule(), VarianceExploding())
        for ratio in [0.05, 0.5, 3, 20] {
            let t = linear.time(noiseRatio: ratio)
            let here = ConsistencyPrediction().preconditioning(at: t, linear)
            let there = ConsistencyPrediction().preconditioning(at: exploding.time(noiseRatio: ratio), exploding)
            expectClose(here.skip * linear.alpha(t), there.skip, relative: 1e-9)
            expectClose(here.output, there.output, relative: 1e-9)
        }
    }

    @Test("refuses deviations, noise and scales that are not positive")
    func ranges() {
        expectRefused("sigma_data", with(ConsistencyPrediction()) { $0.sigmaData = 0 })
        expectRefused("sigma_min", with(ConsistencyPrediction()) { $0.sigmaMin = 0 })
        expectRefused("label_scale", with(ConsistencyPrediction()) { $0.labelScale = .infinity })
    }
}
