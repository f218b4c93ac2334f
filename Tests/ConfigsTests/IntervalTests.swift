import Configs
import Testing

@Suite("Intervals")
struct IntervalTests {
    private func read(_ text: String) -> Interval? {
        try? ConfigDecoder.decode(Interval.self, from: text, file: "i.yaml")
    }

    @Test("are numbers of steps or of samples")
    func units() {
        #expect(read("500 steps") == .steps(500))
        #expect(read("1 step") == .steps(1))
        #expect(read("8steps") == .steps(8))
        #expect(read("64Ki") == .samples(65536))
        #expect(read("12 samples") == .samples(12))
    }

    @Test(
        "need a unit and whole numbers",
        arguments: [
            "500", "steps", "1.5 steps", "-1 steps", "1Ki steps", "30s", "18446744073709551616 steps", "{}", "\"\"",
        ]
    )
    func refused(_ text: String) {
        #expect(read(text) == nil)
    }

    @Test(
        "survive their text",
        arguments: [.steps(1), .steps(500), .steps(0), .samples(7), .samples(65536)] as [Interval]
    )
    func roundTrip(_ interval: Interval) {
        #expect(read(interval.description) == interval)
    }

    @Test("are over after their number")
    func over() {
        #expect(!Interval.steps(3).isOver(steps: 2, samples: 1000))
        #expect(Interval.steps(3).isOver(steps: 3, samples: 0))
        #expect(!Interval.samples(24).isOver(steps: 1000, samples: 23))
        #expect(Interval.samples(24).isOver(steps: 0, samples: 24))
        #expect(Interval.steps(0).isEmpty && Interval.samples(0).isEmpty && !Interval.steps(1).isEmpty)
    }
}
