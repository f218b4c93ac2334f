import Diffusion
import Testing

@Suite("The rectified flow")
struct RectifiedFlowTests {
    @Test("is the straight line from data to noise")
    func line() {
        let flow = RectifiedFlow()
        for t in [0, 0.25, 0.5, 1] {
            #expect(flow.alpha(t) == 1 - t)
            #expect(flow.sigma(t) == t)
        }
        // Data 0.7 and noise -1.3, a quarter of the way from noise.
        expectClose(flow.alpha(0.75) * 0.7 + flow.sigma(0.75) * -1.3, -0.8, absolute: 1e-15)
    }

    @Test("has the derivative noise - data, which the flow prediction answers")
    func derivative() {
        let flow = RectifiedFlow()
        let target = FlowPrediction().preconditioning(at: 0.75, flow)
        #expect(target.targetData == flow.alphaDerivative(0.75))
        #expect(target.targetNoise == flow.sigmaDerivative(0.75))
        expectClose(target.targetData * 0.7 + target.targetNoise * -1.3, -2, absolute: 1e-15)
    }

    @Test("leaves nothing of the data at full noise")
    func end() {
        #expect(RectifiedFlow().noiseRatio(1) == .infinity)
        #expect(!RectifiedFlow().keepsSignal)
    }
}
