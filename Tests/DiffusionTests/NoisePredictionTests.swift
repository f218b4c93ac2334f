import Diffusion
import TestSupport
import Testing

@Suite("The noise prediction")
struct NoisePredictionTests {
    @Test("takes the noise away and scales the rest back")
    func coefficients() {
        let around = NoisePrediction().preconditioning(at: 0.1, LinearSchedule())
        let (alpha, sigma) = (LinearSchedule().alpha(0.1), LinearSchedule().sigma(0.1))
        expectClose(around.skip, 1 / alpha, relative: 1e-15)
        expectClose(around.output, -sigma / alpha, relative: 1e-15)
        #expect(around.targetData == 0 && around.targetNoise == 1)
        #expect(around.noiseLabel == 100)
        expectClose(around.inputScale, 1, absolute: 1e-15)
    }

    @Test("keeps the input of a network from growing on the variance-exploding schedule")
    func input() {
        let around = NoisePrediction().preconditioning(at: 1, VarianceExploding())
        expectClose(around.inputScale, 1 / (1 + 80.0 * 80).squareRoot(), relative: 1e-12)
    }

    @Test("has errors that relate to those of clean and velocity by the signal-to-noise ratio")
    func equivalence() {
        forAll(seeds: 200) { random in
            let t = random.double(0.01, 0.99)
            let schedule = CosineSchedule()
            let ratio = schedule.signalToNoise(t)
            let error = random.double(-1, 1)
            let noise = error / NoisePrediction().preconditioning(at: t, schedule).output
            let velocity = error / VelocityPrediction().preconditioning(at: t, schedule).output
            try #require(abs(noise * noise / ratio - error * error) < 1e-6)
            try #require(abs(velocity * velocity / (ratio + 1) - error * error) < 1e-6)
        }
    }
}
