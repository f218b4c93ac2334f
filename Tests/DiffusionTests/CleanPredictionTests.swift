import Diffusion
import Testing

@Suite("The clean prediction")
struct CleanPredictionTests {
    @Test("is the network's output itself")
    func coefficients() {
        let around = CleanPrediction().preconditioning(at: 0.3, CosineSchedule())
        #expect(around.skip == 0 && around.output == 1)
        #expect(around.targetData == 1 && around.targetNoise == 0)
        #expect(around.noiseLabel == 300)
    }
}
