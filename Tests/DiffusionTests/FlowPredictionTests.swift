import Diffusion
import Testing

@Suite("The flow prediction")
struct FlowPredictionTests {
    @Test("is noise - data, and clean = x - t u on the rectified flow")
    func coefficients() {
        let around = FlowPrediction().preconditioning(at: 0.75, RectifiedFlow())
        #expect(around.targetData == -1 && around.targetNoise == 1)
        expectClose(around.skip, 1, absolute: 1e-15)
        expectClose(around.output, -0.75, absolute: 1e-15)
        expectClose(around.skip * -0.8 + around.output * -2, 0.7, absolute: 1e-15)
    }

    @Test("does not scale the network's input on the rectified flow")
    func input() {
        #expect(FlowPrediction().preconditioning(at: 0.5, RectifiedFlow()).inputScale == 1)
    }
}
