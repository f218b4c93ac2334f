import Configs
import Optimization
import Testing

@Suite("The constant rate")
struct ConstantTests {
    @Test("is 1 everywhere", arguments: [0, 1, 500, 1000, 5000] as [UInt64])
    func alwaysOne(samples: UInt64) {
        #expect(Constant().multiplier(at: Progress(samples: samples, plannedSamples: 1000)) == 1)
    }
}
