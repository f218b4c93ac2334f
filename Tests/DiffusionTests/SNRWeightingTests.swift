import Diffusion
import Testing

@Suite("Weighting by the signal-to-noise ratio")
struct SNRWeightingTests {
    private func weight(_ weighting: SNRWeighting, _ prediction: any Prediction, _ t: Double) -> Double {
        weighting.weight(at: t, LinearSchedule(), prediction.preconditioning(at: t, LinearSchedule()))
    }

    @Test("is the ratio for clean, 1 for noise, and ratio / (ratio + 1) for velocity", arguments: [0.001, 0.25, 0.999])
    func values(t: Double) {
        let ratio = LinearSchedule().signalToNoise(t)
        expectClose(weight(SNRWeighting(), CleanPrediction(), t), ratio, relative: 1e-12)
        expectClose(weight(SNRWeighting(), NoisePrediction(), t), 1, relative: 1e-12)
        expectClose(weight(SNRWeighting(), VelocityPrediction(), t), ratio / (ratio + 1), relative: 1e-12)
    }

    @Test("truncated at 1 is the larger of the ratio and 1")
    func truncated() {
        let truncated = with(SNRWeighting()) { $0.minimum = 1 }
        #expect(weight(truncated, CleanPrediction(), 0.9) == 1)
        expectClose(weight(truncated, CleanPrediction(), 0.1), 8.53666958, relative: 1e-7)
    }

    // On either side of 5, which the linear schedule passes between its steps 129 and 130 of 1000.
    @Test(
        "bounded below is the larger of the ratio and the bound",
        arguments: zip([0.129, 0.13, 0.25], [5.064714, 5, 5])
    )
    func lowerBound(t: Double, expected: Double) {
        expectClose(weight(with(SNRWeighting()) { $0.minimum = 5 }, CleanPrediction(), t), expected, relative: 1e-6)
    }

    @Test("refuses bounds out of order")
    func ranges() {
        expectRefused("minimum", with(SNRWeighting()) { $0.minimum = -1 })
        expectRefused("maximum", with(SNRWeighting()) { $0.maximum = 0 })
    }
}
