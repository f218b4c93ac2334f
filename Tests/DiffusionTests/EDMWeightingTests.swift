import Configs
import Diffusion
import Testing

@Suite("EDM weighting")
struct EDMWeightingTests {
    @Test("is exactly 1 on the output of the EDM prediction", arguments: Schedules.methodNames)
    func one(name: String) throws {
        let schedule = try schedule(name)
        for t in [0.001, 0.2, 0.5, 0.9, 1] {
            let around = EDMPrediction().preconditioning(at: t, schedule)
            expectClose(EDMWeighting().weight(at: t, schedule, around), 1, absolute: 1e-12, "t = \(t)")
        }
    }

    @Test("is the paper's lambda on the clean image", arguments: EDMPredictionTests.table)
    func lambda(row: [Double]) {
        let schedule = VarianceExploding()
        let t = schedule.time(noiseRatio: row[0])
        let around = CleanPrediction().preconditioning(at: t, schedule)
        expectClose(EDMWeighting().weight(at: t, schedule, around), row[5], relative: 1e-12)
    }

    @Test("refuses a deviation that is not positive")
    func ranges() {
        expectRefused("sigma_data", with(EDMWeighting()) { $0.sigmaData = 0 })
    }
}
