import Buffers
import Configs
import Optimization
import TestSupport
import Testing

@Suite("Switch EMA")
struct SwitchTests {
    private func rule(decay: Double, every: UInt64, start: UInt64 = 0) -> Switch {
        var rule = Switch()
        rule.decay = decay
        rule.every = SampleCount(every)
        rule.start = SampleCount(start)
        return rule
    }

    /// Gradient descent on `1/2 p^2` with rate 0.1 and batches of 10; `visit` sees parameters and average after each step.
    private func descend(
        _ averages: [any WeightAverage],
        steps: Int,
        _ visit: (_ parameter: Float, _ average: Float?) -> Void
    ) {
        let parameters = FlatBuffer([1])
        let tracker = AverageTracker(averages, parameters: parameters)
        var progress = Progress(plannedSamples: 1000)
        for _ in 0..<steps {
            parameters.add(FlatBuffer(copying: parameters), scale: -0.1)
            progress.advance(by: 10)
            tracker.update(parameters: parameters, at: progress, batch: 10)
            visit(parameters.floats[0], tracker.buffers.first?.floats[0])
        }
    }

    @Test("has the exact sequence of weights of gradient descent on a parabola")
    func sequence() {
        var parameters: [Float] = []
        var averages: [Float] = []
        descend([rule(decay: 0.9, every: 30)], steps: 6) { parameter, average in
            parameters.append(parameter)
            averages.append(average ?? .nan)
        }
        // The third and sixth parameters are those after the copy.
        expectClose(
            parameters,
            [0.9, 0.81, 0.9477, 0.852_93, 0.767_637, 0.898_135_29],
            Tolerance(absolute: 2e-7)
        )
        expectClose(
            averages,
            [0.99, 0.972, 0.9477, 0.938_223, 0.921_164_4, 0.898_135_29],
            Tolerance(absolute: 2e-7)
        )
        #expect(parameters[2] == averages[2])
        #expect(parameters[5] == averages[5])
    }

    @Test("is a plain average, bit for bit, if it never switches")
    func neverSwitches() {
        var switched: [Float] = []
        descend([rule(decay: 0.9, every: .max)], steps: 50) { parameter, average in
            switched += [parameter, average ?? .nan]
        }
        var plain: [Float] = []
        let average = FlatBuffer([1])
        descend([], steps: 50) { parameter, _ in
            average.lerp(toward: FlatBuffer([parameter]), weight: Float(1 - 0.9))
            plain += [parameter, average.floats[0]]
        }
        #expect(switched == plain)
    }

    @Test("is plain training, bit for bit, if its decay is 0")
    func noDecay() {
        var switched: [Float] = []
        var plain: [Float] = []
        descend([rule(decay: 0, every: 20)], steps: 50) { parameter, _ in switched.append(parameter) }
        descend([], steps: 50) { parameter, _ in plain.append(parameter) }
        #expect(switched == plain)
    }

    @Test("leaves the state of the optimiser alone")
    func optimizerState() {
        let layout = ParameterLayout([ParameterSpec(name: "p", shape: [1], offset: 0, decay: true)])
        let parameters = FlatBuffer([1])
        let tracker = AverageTracker([rule(decay: 0.5, every: 10)], parameters: parameters)
        var state = AdamW().makeState(layout)
        AdamW().update(parameters, FlatBuffer([2]), &state, layout, rate: 0.1, step: 0)
        let before = state.buffers.mapValues(\.floats)
        let copied = tracker.update(
            parameters: parameters,
            at: Progress(step: 1, samples: 10, plannedSamples: 100),
            batch: 10
        )
        #expect(copied == 0)
        #expect(parameters.floats == tracker.buffers[0].floats)
        #expect(state.buffers.mapValues(\.floats) == before)
    }

    @Test(
        "switches when a step passes a multiple of its interval beyond its start",
        arguments: [
            (0, 10, true), (0, 9, false), (9, 10, true), (10, 19, false), (10, 20, true), (15, 25, true), (5, 55, true),
        ] as [(UInt64, UInt64, Bool)]
    )
    func crossings(previous: UInt64, samples: UInt64, expected: Bool) {
        let progress = Progress(samples: samples, plannedSamples: 100)
        #expect(rule(decay: 0.9, every: 10).copiesBack(from: previous, to: samples, of: progress) == expected)
    }

    @Test("does not switch up to its start")
    func start() {
        let late = rule(decay: 0.9, every: 10, start: 20)
        let progress = Progress(plannedSamples: 100)
        #expect(!late.copiesBack(from: 5, to: 15, of: progress))
        #expect(!late.copiesBack(from: 15, to: 25, of: progress))
        #expect(late.copiesBack(from: 25, to: 35, of: progress))
    }

    @Test("refuses a decay of 1 and an interval of no samples", arguments: ["decay: 1", "every: 0 samples"])
    func refuses(line: String) {
        #expect(throws: ConfigError.self) {
            try ConfigDecoder.decode(Switch.self, from: line, file: "a.yaml")
        }
    }

    @Test("cannot stand twice in a run")
    func twice() {
        #expect(throws: ConfigError.self) { try AverageTracker.validate([Switch(), Power(), Switch()]) }
        #expect(throws: Never.self) { try AverageTracker.validate([Switch(), Power(), Exponential()]) }
    }
}
