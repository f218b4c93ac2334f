import Buffers
import Configs
import TestSupport
import Testing

@testable import Optimization

@Suite("Optimisers and averages of parts")
struct ShardingTests {
    private let layout = ParameterLayout([
        ParameterSpec(name: "weight", shape: [20, 7], offset: 0, decay: true),
        ParameterSpec(name: "bias", shape: [20], offset: 140, decay: false),
        ParameterSpec(name: "scale", shape: [33], offset: 160, decay: true),
    ])

    @Test(
        "an elementwise optimiser updates windows cut anywhere to the bits of the whole",
        arguments: Optimizers.methodNames
    )
    func windows(name: String) throws {
        let text = name == AdamW.name ? "{type: \(name), weight_decay: 0.1}" : name
        let optimizer = try ConfigDecoder.decode(Choice<Optimizers>.self, from: text, file: "test.yaml").wrappedValue
        guard type(of: optimizer).isElementwise else { return }
        var random = SeededGenerator(seed: 3)
        let start = random.floats(layout.count)
        let (whole, cut) = (FlatBuffer(start), FlatBuffer(start))
        let ranges = [0..<50, 50..<150, 150..<150, 150..<layout.count]
        let rules: [any WeightAverage] = [Power(), Switch()]
        var state = optimizer.makeState(layout)
        let layouts = ranges.map { layout.part($0) }
        var states = layouts.map { optimizer.makeState($0) }
        let tracker = AverageTracker(rules, parameters: whole)
        let trackers = ranges.map { AverageTracker(rules, parameters: cut.window($0)) }
        var progress = Progress(plannedSamples: 30_000)
        for step in 0..<12 {
            let gradients = FlatBuffer(random.floats(layout.count))
            optimizer.update(whole, FlatBuffer(copying: gradients), &state, layout, rate: 0.02, step: step)
            progress.advance(by: 1000)
            tracker.update(parameters: whole, at: progress, batch: 1000)
            for (index, range) in ranges.enumerated() {
                let own = gradients.window(range)
                optimizer.update(cut.window(range), own, &states[index], layouts[index], rate: 0.02, step: step)
                trackers[index].update(parameters: cut.window(range), at: progress, batch: 1000)
            }
        }
        #expect(cut.floats == whole.floats)
        for (index, buffer) in tracker.buffers.enumerated() {
            #expect(trackers.flatMap { $0.buffers[index].floats } == buffer.floats)
        }
        for (name, buffer) in state.buffers { #expect(states.flatMap { $0.buffer(name).floats } == buffer.floats) }
        #expect(states.allSatisfy { $0.scalars == state.scalars })
    }
}
