import Diffusion
import Testing

@Suite("Min-SNR weighting")
struct MinSNRTests {
    private let schedule = CosineSchedule()

    private func weight(_ weighting: MinSNR, _ prediction: any Prediction, ratio: Double) -> Double {
        let t = schedule.time(signalToNoise: ratio)
        return weighting.weight(at: t, schedule, prediction.preconditioning(at: t, schedule))
    }

    /// For gamma 5: ratio, weights for clean, noise and velocity, soft weight for clean.
    static let table: [[Double]] = [
        [0.01, 0.01, 1, 0.00990099, 0.00998004],
        [1, 1, 1, 0.5, 0.83333333],
        [4, 4, 1, 0.8, 2.22222222],
        [5, 5, 1, 0.83333333, 2.5],
        [10, 5, 0.5, 0.45454545, 3.33333333],
        [100, 5, 0.05, 0.04950495, 4.76190476],
    ]

    @Test("has the known weights for clean, noise and velocity", arguments: table)
    func weights(row: [Double]) {
        expectClose(weight(MinSNR(), CleanPrediction(), ratio: row[0]), row[1], absolute: 1e-8)
        expectClose(weight(MinSNR(), NoisePrediction(), ratio: row[0]), row[2], absolute: 1e-8)
        expectClose(weight(MinSNR(), VelocityPrediction(), ratio: row[0]), row[3], absolute: 1e-8)
        expectClose(weight(with(MinSNR()) { $0.soft = true }, CleanPrediction(), ratio: row[0]), row[4], absolute: 1e-8)
    }

    @Test("has the known weight for noise on the linear schedule")
    func linear() {
        let around = NoisePrediction().preconditioning(at: 0.1, LinearSchedule())
        expectClose(MinSNR().weight(at: 0.1, LinearSchedule(), around), 0.58570851, absolute: 1e-8)
    }

    @Test(
        "has the known weights for EDM",
        arguments: zip([0.05, 0.5, 1, 2, 10], [0.01237624, 0.5, 0.2, 0.05882353, 0.00249377])
    )
    func edm(noise: Double, expected: Double) {
        let schedule = VarianceExploding()
        let t = schedule.time(noiseRatio: noise)
        let around = EDMPrediction().preconditioning(at: t, schedule)
        expectClose(MinSNR().weight(at: t, schedule, around), expected, absolute: 5e-9)
    }

    @Test("for the flow is the bounded ratio times the squared noise", arguments: [0.1, 0.5, 0.9])
    func flow(t: Double) {
        let around = FlowPrediction().preconditioning(at: t, RectifiedFlow())
        let expected = min(RectifiedFlow().signalToNoise(t), 5) * t * t
        expectClose(MinSNR().weight(at: t, RectifiedFlow(), around), expected, relative: 1e-12)
    }

    @Test("for noise is at most 1 and falls with the ratio")
    func falls() {
        var last = Double.infinity
        for step in 0...60 {
            let ratio = 1e-3 * Double(1 << min(step, 40)).squareRoot()
            let value = weight(MinSNR(), NoisePrediction(), ratio: min(ratio, 6000))
            #expect(value <= 1 + 1e-12 && value <= last + 1e-12)
            last = value
        }
    }

    @Test("is 1 where nothing of the data is left")
    func zero() {
        let around = VelocityPrediction().preconditioning(at: 1, RectifiedFlow())
        #expect(MinSNR().weight(at: 1, RectifiedFlow(), around) == 1)
    }

    @Test("refuses a bound that is not positive")
    func ranges() {
        expectRefused("gamma", with(MinSNR()) { $0.gamma = 0 })
        expectRefused("gamma", with(MinSNR()) { $0.gamma = .infinity })
    }
}
