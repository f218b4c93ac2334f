import Configs
import Optimization
import TestSupport
import Testing

@Suite("The warm-up cosine rate")
struct WarmupCosineTests {
    private func multiplier(_ samples: UInt64, warmup: UInt64 = 100, final: Double = 0.1) -> Double {
        var schedule = WarmupCosine()
        schedule.warmup = SampleCount(warmup)
        schedule.finalFraction = final
        return schedule.multiplier(at: Progress(samples: samples, plannedSamples: 1100))
    }

    @Test(
        "rises in a line and falls along half a cosine",
        arguments: [
            (0, 0), (25, 0.25), (99, 0.99), (100, 1), (350, 0.1 + 0.9 * 0.853_553_390_593), (600, 0.55),
            (850, 0.1 + 0.9 * 0.146_446_609_407), (1100, 0.1), (9000, 0.1),
        ] as [(UInt64, Double)]
    )
    func values(samples: UInt64, expected: Double) {
        #expect(abs(multiplier(samples) - expected) < 1e-12)
    }

    @Test("starts at 1 without a warm-up")
    func noWarmup() {
        #expect(multiplier(0, warmup: 0) == 1)
    }

    @Test("ends at its final fraction even if the run is shorter than the warm-up")
    func shortRun() {
        #expect(multiplier(2000, warmup: 2000) == 0.1)
        #expect(multiplier(1000, warmup: 2000) == 0.5)
    }

    @Test("refuses a final fraction outside [0, 1] and a warm-up without a unit")
    func refuses() {
        for line in ["final_fraction: 1.5", "final_fraction: -0.1", "warmup: 100"] {
            #expect(throws: ConfigError.self) {
                try ConfigDecoder.decode(WarmupCosine.self, from: line, file: "a.yaml")
            }
        }
    }
}
