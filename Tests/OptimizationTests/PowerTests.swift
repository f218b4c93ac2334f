import Buffers
import Configs
import Optimization
import TestSupport
import Testing

@Suite("The power average")
struct PowerTests {
    private func power(_ width: Double) -> Power {
        var average = Power()
        average.width = width
        return average
    }

    @Test(
        "has the exponents of the paper",
        arguments: [
            (0.01, 96.994_897_82), (0.05, 16.972_198_60), (0.10, 6.937_203_94), (0.15, 3.557_868_77),
            (0.20, 1.826_213_78), (0.25, 0.719_823_96),
        ]
    )
    func exponents(width: Double, expected: Double) {
        #expect(abs(power(width).exponent - expected) < 1e-8)
    }

    @Test("has an exponent whose profile has the width it was made from", arguments: [0.001, 0.03, 0.28])
    func inverse(width: Double) {
        let exponent = power(width).exponent
        let found = ((exponent + 1) / ((exponent + 2) * (exponent + 2) * (exponent + 3))).squareRoot()
        #expect(abs(found - width) < 1e-12)
    }

    @Test(
        "has the decays of its formula",
        arguments: [
            (0.10, 1, 0), (0.10, 2, 0.004_080_03), (0.10, 3, 0.040_024_67), (0.10, 10, 0.433_324_72),
            (0.10, 100, 0.923_327_24), (0.05, 10, 0.150_534_93), (0.05, 100, 0.834_746_97),
        ] as [(Double, UInt64, Double)]
    )
    func decays(width: Double, step: UInt64, expected: Double) {
        // One sample a step, and the same with 64.
        let single = power(width).decay(at: Progress(samples: step, plannedSamples: 1000), batch: 1)
        let wide = power(width).decay(at: Progress(samples: 64 * step, plannedSamples: 1000), batch: 64)
        #expect(abs(single - expected) < 1e-8)
        #expect(wide == single)
    }

    @Test("is the mean with weights that grow as a power of time")
    func profile() {
        let average = power(0.2)
        let parameters = FlatBuffer([0])
        let tracker = AverageTracker([average], parameters: parameters)
        var progress = Progress(plannedSamples: 4000)
        for step in 1...4000 {
            parameters.fill(Float(step) / 4000)
            progress.advance(by: 1)
            tracker.update(parameters: parameters, at: progress, batch: 1)
        }
        // The mean of t under the density (g + 1) t^g on [0, 1]; one step of 4000 is the error of the sum.
        let mean = (average.exponent + 1) / (average.exponent + 2)
        expectClose(tracker.buffers[0].floats, [Float(mean)], Tolerance(absolute: 1.0 / 4000))
    }

    @Test("refuses a width that no profile has", arguments: ["width: 0", "width: 0.3", "width: -0.1"])
    func refuses(line: String) {
        #expect(throws: ConfigError.self) {
            try ConfigDecoder.decode(Power.self, from: line, file: "a.yaml")
        }
    }
}
