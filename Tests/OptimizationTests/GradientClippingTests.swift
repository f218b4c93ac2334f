import Buffers
import Configs
import Optimization
import Testing

@Suite("Gradient clipping")
struct GradientClippingTests {
    private func clipping(_ maximum: Double) -> GradientClipping {
        var clipping = GradientClipping()
        clipping.maximumNorm = maximum
        return clipping
    }

    @Test("answers the norm of a long gradient and the factor to the bound")
    func long() {
        let found = clipping(1).measure(FlatBuffer([3, 4]))
        #expect(found.norm == 5)
        #expect(found.factor == 0.2)
    }

    @Test("leaves a short gradient as it is", arguments: [5, 100, 0])
    func short(maximum: Double) {
        let found = clipping(maximum).measure(FlatBuffer([3, 4]))
        #expect(found.norm == 5)
        #expect(found.factor == 1)
    }

    @Test("leaves a gradient that is not finite as it is, and says so")
    func notFinite() {
        let found = clipping(1).measure(FlatBuffer([1, .infinity]))
        #expect(!found.norm.isFinite)
        #expect(found.factor == 1)
    }

    @Test("refuses a negative bound")
    func refuses() {
        #expect(throws: ConfigError.self) {
            try ConfigDecoder.decode(GradientClipping.self, from: "maximum_norm: -1", file: "a.yaml")
        }
    }

    @Test("does the same with the sum of squares of all parts")
    func parts() {
        let parts = [FlatBuffer([3]), FlatBuffer([4])].reduce(0) { $0 + $1.squaredNorm }
        let found = clipping(1).measure(squaredNorm: parts)
        #expect(found.norm == 5 && found.factor == 0.2)
    }
}
