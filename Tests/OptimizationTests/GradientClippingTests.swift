import Buffers
import Configs
import Optimization
import TestSupport
import Testing

@Suite("Gradient clipping")
struct GradientClippingTests {
    private func clipping(_ maximum: Double) -> GradientClipping {
        var clipping = GradientClipping()
        clipping.maximumNorm = maximum
        return clipping
    }

    @Test("scales a long gradient to the bound and answers its norm")
    func long() {
        let gradients = FlatBuffer([3, 4])
        #expect(clipping(1).apply(gradients) == 5)
        expectClose(gradients.floats, [0.6, 0.8], Tolerance(absolute: 1e-7))
    }

    @Test("leaves a short gradient as it is, bit for bit", arguments: [5, 100, 0])
    func short(maximum: Double) {
        let gradients = FlatBuffer([3, 4])
        #expect(clipping(maximum).apply(gradients) == 5)
        #expect(gradients.floats == [3, 4])
    }

    @Test("leaves a gradient that is not finite as it is, and says so")
    func notFinite() {
        let gradients = FlatBuffer([1, .infinity])
        #expect(!clipping(1).apply(gradients).isFinite)
        #expect(gradients.floats == [1, .infinity])
    }

    @Test("refuses a negative bound")
    func refuses() {
        #expect(throws: ConfigError.self) {
            try ConfigDecoder.decode(GradientClipping.self, from: "maximum_norm: -1", file: "a.yaml")
        }
    }
}
