import Buffers
import Communication
import Configs
import TestSupport
import Testing

@testable import Training

@Suite("every-step")
struct EveryStepTests {
    @Test("one worker's gradient is left as it is")
    func aloneNothingChanges() throws {
        let layout = ParameterLayout([ParameterSpec(name: "w", shape: [3], offset: 0, decay: true)])
        let synchronizer = EveryStep().makeSynchronizer(layout, SingleCommunicator())
        let gradients = FlatBuffer([1, -2, 3])
        let report = try synchronizer.reduceGradients(gradients, weight: 5, at: Progress(plannedSamples: 10))
        #expect(gradients.floats == [1, -2, 3])
        #expect(report.totalWeight == 5)
        #expect(report.isComplete)
        let parameters = FlatBuffer([4, 5, 6])
        #expect(try synchronizer.reduceParameters(parameters, at: Progress(plannedSamples: 10)))
        #expect(parameters.floats == [4, 5, 6])
    }

    @Test("two workers with halves of a batch do what one does with the whole")
    func twoWorkersAreOne() async throws {
        let config = try TinyRun.config()
        let whole = try TinyRun.train(config, steps: 3)
        let group = LocalGroup(size: 2)
        async let first = TrainerThread.run { try Self.train(config, group.member(0)) }
        async let second = TrainerThread.run { try Self.train(config, group.member(1)) }
        let halves = try await (first, second)
        #expect(halves.0 == halves.1)
        expectClose(halves.0, whole, Tolerance(absolute: 1e-5, relative: 1e-4))
    }

    private static func train(_ config: RunConfig, _ communicator: LocalCommunicator) throws -> [Float] {
        let trainer = try Trainer(Recipe(config), communicator: communicator)
        let work = ScheduledWork(
            communicator,
            batch: config.batch.global,
            from: trainer.state.progress,
            until: StopSignal()
        )
        for _ in 0..<3 {
            guard let next = try work.next() else { break }
            try work.complete(next, trainer.step(next))
        }
        return trainer.state.parameters.floats + trainer.state.evaluated.floats
    }
}
