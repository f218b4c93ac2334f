import Buffers
import Configs
import Optimization
import Testing

@Suite("The average tracker")
struct AverageTrackerTests {
    @Test("starts every average at the parameters, in memory of its own")
    func start() {
        let parameters = FlatBuffer([1, 2, 3])
        let tracker = AverageTracker([Power(), Exponential()], parameters: parameters)
        parameters.fill(9)
        #expect(tracker.buffers.map(\.floats) == [[1, 2, 3], [1, 2, 3]])
        #expect(AverageTracker.name(of: 1) == "average-1")
    }

    @Test("updates every average before one is copied into the parameters")
    func order() {
        var exponential = Exponential()
        exponential.halfLife = 10
        exponential.ramp = 0
        var rule = Switch()
        rule.decay = 0.75
        rule.every = 10
        let parameters = FlatBuffer([0])
        let tracker = AverageTracker([exponential, rule], parameters: parameters)
        parameters.fill(8)
        let copied = tracker.update(
            parameters: parameters,
            at: Progress(step: 1, samples: 10, plannedSamples: 100),
            batch: 10
        )
        #expect(copied == 1)
        #expect(tracker.buffers.map(\.floats) == [[4], [2]])
        #expect(parameters.floats == [2])
    }

    @Test("goes on from saved buffers to the same bits")
    func resume() {
        let parameters = FlatBuffer([1, -1])
        let tracker = AverageTracker([Power(), Exponential()], parameters: parameters)
        var progress = Progress(plannedSamples: 1000)
        func step(_ trackers: [AverageTracker]) {
            parameters.add(FlatBuffer([0.3, 0.7]))
            progress.advance(by: 8)
            for tracker in trackers { tracker.update(parameters: parameters, at: progress, batch: 8) }
        }
        for _ in 0..<10 { step([tracker]) }
        let restored = AverageTracker(tracker.averages, parameters: parameters)
        for (index, buffer) in restored.buffers.enumerated() { buffer.copy(from: tracker.buffers[index].snapshot()) }
        for _ in 0..<10 { step([tracker, restored]) }
        #expect(restored.buffers.map(\.floats) == tracker.buffers.map(\.floats))
    }
}
