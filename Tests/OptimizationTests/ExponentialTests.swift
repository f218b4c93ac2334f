import Buffers
import Configs
import Optimization
import TestSupport
import Testing

@Suite("The exponential average")
struct ExponentialTests {
    private func decay(_ samples: UInt64, halfLife: UInt64, ramp: Double, batch: Int) -> Double {
        var average = Exponential()
        average.halfLife = SampleCount(halfLife)
        average.ramp = ramp
        return average.decay(at: Progress(samples: samples, plannedSamples: 1 << 30), batch: batch)
    }

    @Test("halves over its half-life, in steps of any size")
    func halfLife() {
        #expect(decay(10_000, halfLife: 100, ramp: 0, batch: 100) == 0.5)
        #expect(abs(decay(10_000, halfLife: 100, ramp: 0, batch: 50) - 0.707_106_781_186_547_5) < 1e-15)
        let ten = (0..<10).reduce(1.0) { product, _ in product * decay(10_000, halfLife: 100, ramp: 0, batch: 10) }
        #expect(abs(ten - 0.5) < 1e-15)
    }

    @Test("is shorter while the run is young")
    func ramp() {
        #expect(decay(64, halfLife: 1000, ramp: 0.05, batch: 64) == 0)
        // 6400 samples before the step: a half-life of 320.
        #expect(abs(decay(6464, halfLife: 1000, ramp: 0.05, batch: 64) - 0.870_550_563_296_124) < 1e-12)
        #expect(decay(1_000_064, halfLife: 64, ramp: 0.05, batch: 64) == 0.5)
    }

    @Test("is the mean with exponentially falling weights")
    func weights() {
        var average = Exponential()
        average.halfLife = 10
        average.ramp = 0
        let parameters = FlatBuffer([1])
        let tracker = AverageTracker([average], parameters: parameters)
        var progress = Progress(plannedSamples: 1000)
        var expected: Float = 1
        for value: Float in [4, -2, 8] {
            parameters.fill(value)
            progress.advance(by: 10)
            tracker.update(parameters: parameters, at: progress, batch: 10)
            expected = (expected + value) / 2
        }
        #expect(tracker.buffers[0].floats == [expected])
        #expect(parameters.floats == [8])
    }

    @Test("refuses a half-life of no samples and a negative ramp")
    func refuses() {
        for line in ["half_life: 0 samples", "ramp: -1", "ramp: .inf"] {
            #expect(throws: ConfigError.self) {
                try ConfigDecoder.decode(Exponential.self, from: line, file: "a.yaml")
            }
        }
    }
}
