import Buffers
import Checkpoints
import Communication
import Configs
import Optimization
import TestSupport
import Testing

@testable import Training

@Suite("Every strategy of synchronization")
struct SyncStrategyConformanceTests {
    private static func config(_ name: String) throws -> RunConfig {
        var config = try TinyRun.config(batch: 13)
        config.clipping.maximumNorm = 0
        let method = try #require(SyncStrategies.method(named: name))
        config.synchronization = try #require(method.init() as? any SyncStrategy)
        return config
    }

    @Test("a run ends with the same parameters and averages on all workers", arguments: SyncStrategies.methodNames)
    func workersAgreeInTheEnd(name: String) async throws {
        let config = try Self.config(name)
        let results = try await GroupRun.each(3) { member in
            let trainer = try Trainer(Recipe(config), communicator: member)
            let reports = try GroupRun.take(100, with: trainer, member)
            #expect(trainer.state.progress.isFinished)
            #expect(reports.last?.contributors == 3)
            return trainer.state.parameters.floats
        }
        for result in results { #expect(result == results[0]) }
        #expect(try results[0] != Recipe(config).makeState().parameters.floats)
    }

    @Test("workers with equal samples do what one does with them", arguments: SyncStrategies.methodNames)
    func equalWorkersAreOne(name: String) async throws {
        let config = try Self.config(name)
        let results = try await GroupRun.each(2) { member in try Self.train(config, member) }
        let alone = try Self.train(config, SingleCommunicator())
        #expect(results[0] == results[1])
        expectClose(results[0], alone, Tolerance(absolute: 1e-5, relative: 1e-4))
    }

    private static func train(_ config: RunConfig, _ communicator: any Communicator) throws -> [Float] {
        let trainer = try Trainer(Recipe(config), communicator: communicator)
        for step in 0..<8 as Range<UInt64> {
            let samples = 12 * step..<12 * step + 12
            _ = try trainer.step(Work(samples: [samples], globalSamples: samples))
        }
        return trainer.state.parameters.floats
    }

    @Test("a run that is stopped and resumed ends with the same bits", arguments: SyncStrategies.methodNames)
    func resumes(name: String) throws {
        let config = try Self.config(name)
        let directory = try TestDirectory()
        let store = CheckpointStore(directory: directory.path + "/checkpoints")
        let whole = try Trainer(Recipe(config), communicator: SingleCommunicator())
        try TinyRun.take(3, with: whole)
        _ = try whole.save(in: store)
        try TinyRun.take(100, with: whole)
        let resumed = try Trainer(Recipe(config), communicator: SingleCommunicator())
        #expect(try resumed.resume(from: store).checkpoint != nil)
        try TinyRun.take(100, with: resumed)
        #expect(resumed.state.progress.isFinished)
        #expect(resumed.state.parameters.floats == whole.state.parameters.floats)
        #expect(resumed.state.evaluated.floats == whole.state.evaluated.floats)
    }
}
