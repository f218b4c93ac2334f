import Configs
import Diffusion
import RealModule
import Testing

@Suite("The EDM prediction")
struct EDMPredictionTests {
    /// `sigma_data` 0.5: noise, c_skip, c_out, c_in, c_noise, lambda.
    static let table: [[Double]] = [
        [0.05, 0.99009901, 0.04975186, 1.99007438, -0.74893307, 404],
        [0.5, 0.5, 0.35355339, 1.41421356, -0.17328680, 8],
        [1, 0.2, 0.44721360, 0.89442719, 0, 5],
        [10, 0.00249377, 0.49937617, 0.09987523, 0.57564627, 4.01],
    ]

    @Test("has the paper's coefficients", arguments: table)
    func coefficients(row: [Double]) {
        let schedule = VarianceExploding()
        let paper = with(EDMPrediction()) { $0.labelScale = 1 }
        let around = paper.preconditioning(at: schedule.time(noiseRatio: row[0]), schedule)
        expectClose(around.skip, row[1], absolute: 5e-9)
        expectClose(around.output, row[2], absolute: 5e-9)
        expectClose(around.inputScale, row[3], absolute: 5e-9)
        expectClose(around.noiseLabel, row[4], absolute: 5e-9)
        expectClose(1 / (around.output * around.output), row[5], relative: 1e-7)
    }

    @Test("spreads the label over a thousand by default")
    func label() {
        let schedule = VarianceExploding()
        let around = EDMPrediction().preconditioning(at: schedule.time(noiseRatio: 10), schedule)
        expectClose(around.noiseLabel, 250 * .log(10), absolute: 1e-9)
    }

    @Test("gives input and target unit variance at every level of every schedule", arguments: Schedules.methodNames)
    func variance(name: String) throws {
        let schedule = try schedule(name)
        for deviation in [0.25, 0.5, 0.75, 1] {
            let prediction = with(EDMPrediction()) { $0.sigmaData = deviation }
            for t in [0, 0.1, 0.5, 0.9, 1] {
                let around = prediction.preconditioning(at: t, schedule)
                let (data, noise) = (schedule.alpha(t) * deviation, schedule.sigma(t))
                expectClose(around.inputScale * (data * data + noise * noise).squareRoot(), 1, absolute: 1e-14)
                let (a, b) = (around.targetData * deviation, around.targetNoise)
                expectClose(a * a + b * b, 1, absolute: 1e-14)
            }
        }
    }

    @Test("on any schedule is the same prediction of the image scaled back to full signal")
    func scaled() {
        let (linear, exploding) = (LinearSchedule(), VarianceExploding())
        for ratio in [0.05, 0.5, 3, 20] {
            let t = linear.time(noiseRatio: ratio)
            let here = EDMPrediction().preconditioning(at: t, linear)
            let there = EDMPrediction().preconditioning(at: exploding.time(noiseRatio: ratio), exploding)
            expectClose(here.skip * linear.alpha(t), there.skip, relative: 1e-9)
            expectClose(here.output, there.output, relative: 1e-9)
            expectClose(here.inputScale * linear.alpha(t), there.inputScale, relative: 1e-9)
            expectClose(here.noiseLabel, there.noiseLabel, absolute: 1e-6)
        }
    }

    @Test("refuses deviations and scales that are not positive")
    func ranges() {
        expectRefused("sigma_data", with(EDMPrediction()) { $0.sigmaData = 0 })
        expectRefused("label_scale", with(EDMPrediction()) { $0.labelScale = -1 })
    }
}
