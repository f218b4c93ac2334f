import Diffusion
import Testing

@Suite("The variance-exploding schedule")
struct VarianceExplodingTests {
    @Test("goes geometrically from its least to its largest noise")
    func geometric() {
        let schedule = VarianceExploding()
        expectClose(schedule.sigma(0), 0.002, relative: 1e-14)
        expectClose(schedule.sigma(0.5), 0.4, relative: 1e-14)
        expectClose(schedule.sigma(1), 80, relative: 1e-14)
        #expect(schedule.alpha(0.7) == 1)
    }

    @Test("cuts noise outside its range")
    func cut() {
        #expect(VarianceExploding().time(noiseRatio: 1000) == 1)
        #expect(VarianceExploding().time(noiseRatio: 1e-9) == 0)
    }

    @Test("refuses bounds out of order")
    func ranges() {
        expectRefused("sigma_min", with(VarianceExploding()) { $0.sigmaMin = 0 })
        expectRefused("sigma_max", with(VarianceExploding()) { $0.sigmaMax = 0.001 })
        expectRefused("sigma_max", with(VarianceExploding()) { $0.sigmaMax = .infinity })
    }
}
