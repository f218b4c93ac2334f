import Configs
import Testing

@Suite("A growing number of levels")
struct LevelGrowthTests {
    @Test(
        "has the paper's values for 800,000 steps",
        arguments: [(0, 2), (1, 3), (8000, 16), (200_000, 76), (400_000, 107), (800_000, 151)] as [(UInt64, Int)]
    )
    func table(step: UInt64, expected: Int) {
        #expect(LevelGrowth().count(at: Progress(samples: step, plannedSamples: 800_000)) == expected)
    }

    @Test("depends on the part of the run alone, never falls, and ends one above its end")
    func growth() {
        let growth = with(LevelGrowth()) {
            $0.start = 4
            $0.end = 40
        }
        let counts = (0...500).map { growth.count(at: Progress(samples: $0 * 7, plannedSamples: 3500)) }
        let others = (0...500).map { growth.count(at: Progress(step: 3, samples: $0 * 14, plannedSamples: 7000)) }
        #expect(counts == others)
        #expect(zip(counts, counts.dropFirst()).allSatisfy { $0 <= $1 })
        #expect(counts.first == 4 && counts.last == 41)
        #expect(growth.count(at: Progress(samples: 9000, plannedSamples: 3500)) == 41)
    }

    @Test("stays where start and end are neighbours", arguments: [2, 10])
    func constant(count: Int) {
        let growth = with(LevelGrowth()) {
            $0.start = count
            $0.end = count
        }
        #expect(growth.count(at: Progress(plannedSamples: 100)) == count)
        #expect(growth.count(at: Progress(samples: 100, plannedSamples: 100)) == count + 1)
    }

    @Test(
        "refuses less than two levels and an end before the start",
        arguments: ["start: 1", "end: 1", "end: 1000001"]
    )
    func refuses(line: String) {
        #expect(throws: ConfigError.self) {
            try ConfigDecoder.decode(LevelGrowth.self, from: line, file: "a.yaml")
        }
    }

    private func with(_ value: LevelGrowth, _ change: (inout LevelGrowth) -> Void) -> LevelGrowth {
        var copy = value
        change(&copy)
        return copy
    }
}
