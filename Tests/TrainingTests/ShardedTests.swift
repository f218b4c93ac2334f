import Buffers
import Checkpoints
import Communication
import Configs
import Diffusion
import Optimization
import TestSupport
import Testing

@testable import Training

@Suite("sharded")
struct ShardedTests {
    /// What a rank ends with.
    private struct End: Sendable {
        var parameters: [Float]
        var average: [Float]
        var held: Int
        var norms: [Double]
    }

    private static func config(_ strategy: any SyncStrategy) throws -> RunConfig {
        var config = try TinyRun.config(length: 360)
        config.synchronization = strategy
        config.clipping.maximumNorm = 0.5
        return config
    }

    private static func train(_ config: RunConfig, _ group: any Communicator, steps: Int = 20) throws -> End {
        let trainer = try Trainer(Recipe(config), communicator: group)
        let work = ScheduledWork(
            group,
            batch: config.batch.global,
            from: trainer.state.progress,
            until: StopSignal()
        )
        var norms: [Double] = []
        for _ in 0..<steps {
            guard let next = try work.next() else { break }
            let report = try trainer.step(next)
            norms.append(report.gradientNorm)
            try work.complete(next, report)
        }
        let state = trainer.state
        return End(
            parameters: state.parameters.floats,
            average: try trainer.evaluatedWeights().floats,
            held: (Array(state.optimizer.buffers.values) + state.averages.buffers).reduce(0) { $0 + $1.count },
            norms: norms
        )
    }

    @Test("does what every-step does with averages that are copied back, and holds its part alone", arguments: 1...4)
    func agreesWithEveryStep(_ count: Int) async throws {
        let whole = try await Ranks.run(count) { try Self.train(Self.config(EveryStep()), $0) }
        let parts = try await Ranks.run(count) { try Self.train(Self.config(Sharded()), $0) }
        for part in parts {
            #expect(part.parameters == parts[0].parameters && part.average == parts[0].average)
            #expect(part.norms == parts[0].norms)
            expectClose(part.parameters, whole[0].parameters, Tolerance(absolute: 1e-9, relative: 1e-6))
            expectClose(part.average, whole[0].average, Tolerance(absolute: 1e-9, relative: 1e-6))
            expectClose(
                part.norms.map { Float($0) },
                whole[0].norms.map { Float($0) },
                Tolerance(absolute: 0, relative: 1e-6)
            )
        }
        #expect(parts[0].norms.contains { $0 > 0.5 }, "nothing was clipped")
        #expect(parts.reduce(0) { $0 + $1.held } == whole[0].held)
        if count == 4 { #expect(parts.allSatisfy { Double($0.held) <= 0.3 * Double(whole[0].held) }) }
        if count == 1 { #expect(parts[0].parameters == whole[0].parameters && parts[0].norms == whole[0].norms) }
    }

    @Test("a worker alone keeps the whole state, and starts over with it")
    func alone() throws {
        let trainer = try Trainer(Recipe(Self.config(Sharded())), communicator: SingleCommunicator())
        #expect(trainer.state.part == 0..<trainer.recipe.layout.count)
        #expect(trainer.state.ownParameters === trainer.state.parameters)
        try TinyRun.take(1, with: trainer)
        trainer.startOver()
        #expect(trainer.state.sharing == .sharded(part: 0..<trainer.recipe.layout.count))
    }

    @Test("samples are drawn from the gathered average while the run goes on")
    func evaluates() async throws {
        let directory = try TestDirectory()
        let path = directory.path
        var config = try Self.config(Sharded())
        config.length = 48
        config.evaluation.every = 24
        config.evaluation.sheet = 4
        var sampler = Euler()
        sampler.steps = 2
        config.evaluation.sampler = sampler
        let run = config
        let ends = try await Ranks.run(2) { group in
            let folder = group.rank == 0 ? try RunDirectory(path, for: run, fresh: false) : nil
            let trainer = try Trainer(Recipe(run), communicator: group)
            let loop = TrainingRun(trainer, in: folder, with: group, observers: [])
            let work = ScheduledWork(group, batch: 12, from: trainer.state.progress, until: StopSignal())
            let isOver = try loop.run(work)
            #expect(isOver)
            return try trainer.evaluatedWeights().floats
        }
        #expect(ends[0] == ends[1])
        #expect(try directory.names("samples") == ["000000000024.png", "000000000048.png"])
        #expect(try directory.names("checkpoints") == ["000000000024", "000000000048"])
        #expect(try TrainedModel(path).weights.floats == ends[0])
        #expect(try TrainedModel(path, weights: "parameters").weights.floats != ends[0])
        #expect(try CheckpointDifference(path, path).isIdentical)
        #expect(try CheckpointFacts(path).files.keys.contains { $0.hasPrefix("model.average-0.part-1-of-2") })
    }

    @Test("is refused with an optimiser that needs whole parameters, and by volunteers")
    func refusals() throws {
        var config = try Self.config(Sharded())
        config.optimizer = WholeOptimizer()
        let error = #expect(throws: ConfigError.self) { try config.validate() }
        #expect(error?.description.contains("'synchronization: sharded' and 'optimizer: whole' exclude") == true)
        config.synchronization = EveryStep()
        try config.validate()
        try config.validateForVolunteers()
        config.synchronization = Sharded()
        let other = #expect(throws: ConfigError.self) { try config.validateForVolunteers() }
        #expect(other?.description.contains("'synchronization: sharded' and 'volunteers' exclude each other") == true)
    }
}

/// An optimiser that cannot update parts of the parameters apart.
private struct WholeOptimizer: Optimizer {
    static let name = "whole"
    static let reference = Reference(title: "An optimiser for tests", year: 2025, link: "here")
    static let isElementwise = false

    var rate = 1.0

    func validate() throws(ConfigError) {}

    func makeState(_ layout: ParameterLayout) -> OptimizerState { OptimizerState() }

    func update(
        _ parameters: FlatBuffer,
        _ gradients: FlatBuffer,
        _ state: inout OptimizerState,
        _ layout: ParameterLayout,
        rate: Double,
        step: Int
    ) {}
}
