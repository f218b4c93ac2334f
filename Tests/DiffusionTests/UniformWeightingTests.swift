import Configs
import Diffusion
import Testing

@Suite("Uniform weighting")
struct UniformWeightingTests {
    @Test("is 1 for every prediction", arguments: Predictions.methodNames)
    func one(name: String) throws {
        let around = try prediction(name).preconditioning(at: 0.3, LinearSchedule())
        #expect(UniformWeighting().weight(at: 0.3, LinearSchedule(), around) == 1)
    }
}
