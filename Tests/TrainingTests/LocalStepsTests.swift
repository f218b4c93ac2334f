import Buffers
import Checkpoints
import Communication
import Configs
import Optimization
import TestSupport
import Testing

@testable import Training

@Suite("local-steps")
struct LocalStepsTests {
    static func config(_ every: Interval, batch: Int = 12, length: UInt64 = 96) throws -> RunConfig {
        var config = try TinyRun.config(length: length, batch: batch)
        var strategy = LocalSteps()
        strategy.every = every
        config.synchronization = strategy
        return config
    }

    /// Plain gradient descent without anything that is not linear in the gradient.
    static func linear(_ config: RunConfig) -> RunConfig {
        var config = config
        config.optimizer = PlainDescent()
        config.clipping.maximumNorm = 0
        return config
    }

    private static func parameters(_ count: Int, _ config: RunConfig, steps: Int) async throws -> [[Float]] {
        try await GroupRun.each(count) { member in
            let trainer = try Trainer(Recipe(config), communicator: member)
            try GroupRun.take(steps, with: trainer, member)
            return trainer.state.parameters.floats
        }
    }

    @Test("agreeing after every step of plain descent is averaging gradients in every step")
    func everyStepIsAMeanOfGradients() async throws {
        let local = try Self.linear(Self.config(.steps(1), batch: 13))
        var reference = local
        reference.synchronization = EveryStep()
        let results = try await Self.parameters(2, local, steps: 4)
        let expected = try await Self.parameters(2, reference, steps: 4)
        #expect(results[0] == results[1])
        expectClose(results[0], expected[0], Tolerance(absolute: 1e-6, relative: 1e-5))
        #expect(try results[0] != Recipe(local).makeState().parameters.floats)
    }

    @Test("workers differ between agreements and hold the same bits after them, and at the end of the run")
    func agreements() async throws {
        // Eight steps: agreements after steps 3 and 6, and after the last.
        let config = try Self.config(.steps(3))
        let runs = try await GroupRun.each(3) { member in
            let trainer = try Trainer(Recipe(config), communicator: member)
            return try (0..<8).map { _ in
                let report = try GroupRun.take(1, with: trainer, member)
                return (trainer.state.parameters.floats, trainer.state.evaluated.floats, report[0].contributors)
            }
        }
        for step in 0..<8 {
            let isAgreed = [2, 5, 7].contains(step)
            // At the very first step the rate is 0.
            if step > 0 { #expect((runs[1][step].0 == runs[0][step].0) == isAgreed, "step \(step)") }
            for run in runs {
                #expect(run[step].1 == runs[0][step].1)
                #expect(run[step].2 == (isAgreed ? 3 : 1))
                if step > 0, !isAgreed { #expect(run[step].1 == run[step - 1].1) }
            }
        }
        #expect(runs[2][7].0 == runs[0][7].0)
    }

    @Test("averages take one step at an agreement, for all samples since the last one")
    func averagesFollowAgreements() throws {
        var config = try Self.config(.samples(36))
        var average = Exponential()
        (average.halfLife, average.ramp) = (24, 0)
        config.averages = [average]
        let trainer = try Trainer(Recipe(config), communicator: SingleCommunicator())
        let start = trainer.state.evaluated.floats
        try TinyRun.take(2, with: trainer)
        #expect(trainer.state.evaluated.floats == start)
        try TinyRun.take(1, with: trainer)
        let weight = Float(1 - 0.353_553_390_593_273_8)
        let expected = zip(start, trainer.state.parameters.floats).map { $0 + weight * ($1 - $0) }
        expectClose(trainer.state.evaluated.floats, expected, Tolerance(absolute: 1e-7, relative: 1e-6))
    }

    @Test(
        "a worker that was not finite takes over what the others agree on",
        arguments: [Poisoned.Place.gradient, .loss]
    )
    func withdrawal(place: Poisoned.Place) async throws {
        var config = try Self.config(.steps(2))
        var objective = Poisoned()
        (objective.sample, objective.place) = (11, place)
        objective.count = try #require(Recipe(config).layout.parameters.first).shape.count
        config.objective = objective
        let poisoned = config
        let results = try await GroupRun.each(2) { member in
            let trainer = try Trainer(Recipe(poisoned), communicator: member)
            let reports = try GroupRun.take(2, with: trainer, member)
            return (trainer.state.parameters.floats, reports.map(\.contributors), reports.map(\.withdrawn))
        }
        #expect(results[0].0 == results[1].0)
        #expect(results[0].1 == [1, 1] && results[1].1 == [0, 1])
        #expect(results[0].2 == [0, 0] && results[1].2 == [1, 1])

        // What they agreed on is what the first worker found alone.
        let alone = try Trainer(Recipe(Self.config(.steps(1))), communicator: SingleCommunicator())
        _ = try alone.step(Work(samples: [0..<6], globalSamples: 0..<12))
        _ = try alone.step(Work(samples: [12..<18], globalSamples: 12..<24))
        expectClose(results[0].0, alone.state.parameters.floats, Tolerance(absolute: 1e-7, relative: 1e-6))
    }

    @Test("if nobody was finite all go back to what they agreed on")
    func allWithdraw() async throws {
        var config = try Self.config(.steps(4))
        var objective = Poisoned()
        objective.sample = 24
        config.objective = objective
        let trainer = try Trainer(Recipe(config), communicator: SingleCommunicator())
        let start = trainer.state.parameters.floats
        try TinyRun.take(3, with: trainer)
        #expect(trainer.state.parameters.floats != start)
        try TinyRun.take(1, with: trainer)
        #expect(trainer.state.parameters.floats == start)
        // The next agreement is one of sound workers again.
        try TinyRun.take(4, with: trainer)
        #expect(trainer.state.parameters.floats != start)
    }

    @Test("a mean that is not complete is tried again in the next step")
    func lostMembers() throws {
        let communicator = LossyCommunicator(failures: 2)
        let trainer = try Trainer(Recipe(Self.config(.steps(2))), communicator: communicator)
        let alone = try Trainer(Recipe(Self.config(.steps(100))), communicator: SingleCommunicator())
        for _ in 0..<3 {
            try TinyRun.take(1, with: trainer)
            try TinyRun.take(1, with: alone)
            #expect(trainer.state.parameters.floats == alone.state.parameters.floats)
        }
        try TinyRun.take(2, with: trainer)
        // Due after steps 2, 3 and 4, where it succeeds; the next would be after step 6.
        #expect(communicator.rounds == [24, 36, 48])
        #expect(communicator.weights == [24, 36, 48])
        #expect(trainer.synchronizer.samplesApart == 12)
    }

    @Test("a run does not end without an agreement")
    func lostAtTheEnd() throws {
        let communicator = LossyCommunicator(failures: 1)
        let trainer = try Trainer(Recipe(Self.config(.steps(100))), communicator: communicator)
        let error = #expect(throws: TrainingError.self) { try TinyRun.take(8, with: trainer) }
        #expect(error?.description.contains("rank 7") == true)
        #expect(communicator.rounds == [96])
    }

    @Test("a worker without samples in the last step still counts with those before")
    func emptyShares() async throws {
        // Two steps of 6 samples and one of 2, in which rank 0 of three has none.
        let config = try Self.linear(Self.config(.steps(100), batch: 6, length: 14))
        let locals = try await GroupRun.each(3) { member in
            let trainer = try Trainer(Recipe(config), communicator: member)
            try GroupRun.take(2, with: trainer, member)
            let before = trainer.state.parameters.floats
            let report = try GroupRun.take(1, with: trainer, member)
            return (before, trainer.state.parameters.floats, report[0].contributors)
        }
        for local in locals { #expect(local.1 == locals[0].1 && local.2 == 3) }
        #expect(locals[0].0 != locals[1].0)
    }

    @Test("the range of its interval is checked")
    func ranges() {
        var strategy = LocalSteps()
        for interval in [Interval.steps(0), .samples(0)] {
            strategy.every = interval
            #expect(throws: ConfigError.self) { try strategy.validate() }
        }
    }

    @Test("the loss falls over a short run of two workers that agree every eight steps")
    func lossFalls() async throws {
        var config = try Self.config(.steps(8), batch: 32, length: 32 * 96)
        config.averages = []
        let run = config
        let losses = try await GroupRun.each(2) { member in
            let trainer = try Trainer(Recipe(run), communicator: member)
            return try GroupRun.take(96, with: trainer, member).map(\.loss)
        }
        for losses in losses {
            #expect(losses.count == 96)
            let (first, last) = (losses.prefix(8).reduce(0, +), losses.suffix(8).reduce(0, +))
            #expect(last < 0.7 * first, "\(first / 8) at first, \(last / 8) in the end")
        }
    }
}
