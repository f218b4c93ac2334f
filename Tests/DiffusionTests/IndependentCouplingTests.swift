import Tensors
import Testing

@testable import Diffusion

@Suite("The independent coupling")
struct IndependentCouplingTests {
    @Test("is the default and leaves every sample its own noise")
    func identity() {
        #expect(Denoising().coupling is IndependentCoupling)
        #expect(!Denoising().couplesSamples)
        let pair = CoupledData(count: 7)
        #expect(pair.partners(IndependentCoupling()) == Array(0..<7))
        let kept = IndependentCoupling().coupled(pair.noise, to: pair.images, ids: pair.ids, seed: 1)
        #expect(kept.floats == pair.noise.floats)
    }
}
