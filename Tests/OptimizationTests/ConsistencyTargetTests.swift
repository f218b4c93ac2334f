import Configs
import Optimization
import Testing

@Suite("The target of consistency training")
struct ConsistencyTargetTests {
    private func decay(_ division: ConsistencyTarget.Division, step: UInt64, batch: Int = 1) -> Double {
        var average = ConsistencyTarget()
        average.decay = 0.95
        average.divideBy = division
        let batch = UInt64(batch)
        let progress = Progress(samples: (step + 1) * batch, plannedSamples: 800_000 * batch)
        return average.decay(at: progress, batch: Int(batch))
    }

    @Test(
        "has the paper's decays for 800,000 steps, of batches of any size",
        arguments: [
            (0, 0.95), (1, 0.96638253), (8000, 0.99360885), (200_000, 0.99865109), (400_000, 0.99904171),
            (800_000, 0.99932085),
        ] as [(UInt64, Double)]
    )
    func paper(step: UInt64, expected: Double) {
        #expect(abs(decay(.levels, step: step) - expected) < 5e-9)
        #expect(decay(.levels, step: step, batch: 64) == decay(.levels, step: step))
    }

    @Test("has the decays of the authors' code", arguments: [(0, 0.9025), (1, 0.95)] as [(UInt64, Double)])
    func code(step: UInt64, expected: Double) {
        #expect(abs(decay(.intervals, step: step) - expected) < 1e-12)
    }

    @Test("is never copied back")
    func stays() {
        #expect(!ConsistencyTarget().copiesBack(from: 0, to: 1000, of: Progress(plannedSamples: 1000)))
    }

    @Test("refuses a decay of 0 or 1 and bad levels", arguments: ["decay: 0", "decay: 1", "levels: {start: 1}"])
    func refuses(line: String) {
        #expect(throws: ConfigError.self) {
            try ConfigDecoder.decode(ConsistencyTarget.self, from: line, file: "a.yaml")
        }
    }
}
