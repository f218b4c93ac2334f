import Diffusion
import Testing

@Suite("Weighting by the inverse signal-to-noise ratio")
struct InverseSNRTests {
    private func weight(_ prediction: any Prediction, ratio: Double) -> Double {
        let t = CosineSchedule().time(signalToNoise: ratio)
        return InverseSNR().weight(at: t, CosineSchedule(), prediction.preconditioning(at: t, CosineSchedule()))
    }

    @Test("is 1 / snr for clean and 1 / snr^2 for noise", arguments: [0.02, 1, 5, 100])
    func values(ratio: Double) {
        expectClose(weight(CleanPrediction(), ratio: ratio), 1 / ratio, relative: 1e-9)
        expectClose(weight(NoisePrediction(), ratio: ratio), 1 / (ratio * ratio), relative: 1e-9)
        expectClose(weight(VelocityPrediction(), ratio: ratio), 1 / (ratio * (ratio + 1)), relative: 1e-9)
    }

    @Test("ends at its bound, where nothing of the data is left")
    func bound() {
        expectClose(weight(CleanPrediction(), ratio: 1e-3), 100, relative: 1e-12)
        let around = CleanPrediction().preconditioning(at: 1, RectifiedFlow())
        #expect(InverseSNR().weight(at: 1, RectifiedFlow(), around) == 100)
        let clear = CleanPrediction().preconditioning(at: 0, RectifiedFlow())
        #expect(InverseSNR().weight(at: 0, RectifiedFlow(), clear) == 0)
    }

    @Test("refuses a bound that is not positive")
    func ranges() {
        expectRefused("maximum", with(InverseSNR()) { $0.maximum = 0 })
    }
}
