import Buffers
import Checkpoints
import Communication
import Configs
import Diffusion
import TestSupport
import Testing

@testable import Training

@Suite("Losses of several workers")
struct GroupLossTests {
    /// What one rank saw of a run.
    fileprivate struct View: Sendable {
        /// What its trainer said of each step, with the number of its samples.
        var own: [(report: StepReport, count: Int)] = []
        /// What its observers heard.
        var heard: [StepReport] = []
        /// What would stand in its log.
        var lines: [LogLine] = []
        /// Sums of the group that were formed by the end of each step.
        var sums: [Int] = []
        var parameters: [Float] = []
    }

    private static func config(_ name: String, batch: Int = 13, every: UInt64 = 36) throws -> RunConfig {
        // Six steps of 13 samples and one of 12; reports cross at 36 and 72.
        var config = try TinyRun.config(length: 90, batch: batch)
        config.report.every = SampleCount(every)
        config.evaluation.sheet = 4
        var sampler = Euler()
        sampler.steps = 2
        config.evaluation.sampler = sampler
        let method = try #require(SyncStrategies.method(named: name))
        config.synchronization = try #require(method.init() as? any SyncStrategy)
        if var strategy = config.synchronization as? LocalSteps {
            strategy.every = .steps(3)
            config.synchronization = strategy
        }
        return config
    }

    private static func run(_ config: RunConfig, _ member: any Communicator) throws -> View {
        let group = CountedGroup(member)
        let trainer = try Trainer(Recipe(config), communicator: member)
        let recorder = Recorder(group)
        let log = try JSONLinesLog(path: nil, every: config.report.every.rawValue) { line in
            if line.type == "step" { recorder.view.lines.append(line) }
        }
        let work = ScheduledWork(
            group,
            batch: config.batch.global,
            from: trainer.state.progress,
            until: StopSignal()
        )
        let place = try TestDirectory()
        let directory = member.rank == 0 ? try RunDirectory(place.path, for: config, fresh: false) : nil
        let loop = TrainingRun(trainer, in: directory, with: group, observers: [log, recorder])
        #expect(try loop.run(RecordedWork(work, recorder)))
        recorder.view.parameters = trainer.state.parameters.floats
        return recorder.view
    }

    @Test(
        "the log is that of one worker with the whole batch",
        arguments: ["every-step", "sharded"],
        [(2, 13), (3, 13), (3, 2)]
    )
    func sameAsOne(name: String, _ size: (ranks: Int, batch: Int)) async throws {
        let config = try Self.config(name, batch: size.batch)
        let views = try await GroupRun.each(size.ranks) { try Self.run(config, $0) }
        let alone = try Self.run(config, SingleCommunicator())
        #expect(views[0].lines.map(\.samples) == alone.lines.map(\.samples) && alone.lines.count >= 3)
        for (found, expected) in zip(views[0].lines, alone.lines) {
            Self.expectClose(try #require(found.loss), try #require(expected.loss))
            #expect(found.parts?.keys.sorted() == expected.parts?.keys.sorted())
            for (part, mean) in try #require(expected.parts) {
                Self.expectClose(try #require(found.parts?[part]), mean)
            }
        }
        // What rank 0 alone saw is something else.
        let last = try #require(alone.heard.last)
        #expect(abs(views[0].own[views[0].own.count - 1].report.loss - last.loss) > 1e-3 * last.loss)
    }

    // Sums in another order differ by some 1e-7; gradients, and so parameters, follow them for up to 45 steps.
    private static func expectClose(_ found: Double, _ expected: Double) {
        #expect(abs(found - expected) <= 1e-4 * abs(expected), "\(found) instead of \(expected)")
    }

    @Test("a report holds the losses of all workers since the last one", arguments: SyncStrategies.methodNames, [2, 3])
    func meanOfOwn(name: String, count: Int) async throws {
        let config = try Self.config(name)
        let views = try await GroupRun.each(count) { try Self.run(config, $0) }
        // The first step, those that cross 36 and 72, and the last.
        #expect(views[0].heard.map(\.steps) == [1, 0, 2, 0, 0, 3, 1])
        var means: [Double] = []
        for (step, heard) in views[0].heard.enumerated() {
            let own = views.map { $0.own[step] }
            let samples = Double(own.reduce(0) { $0 + $1.count })
            means.append(own.reduce(0) { $0 + $1.report.loss * Double($1.count) } / samples)
            guard heard.steps > 0 else {
                #expect(heard.loss == own[0].report.loss)
                continue
            }
            let loss = means.reduce(0, +) / Double(means.count)
            means = []
            #expect(abs(heard.loss - loss) <= 1e-12 * loss)
            let error = own.reduce(0) { $0 + ($1.report.parts["error"] ?? 0) * Double($1.count) } / samples
            #expect(abs((heard.parts["error"] ?? 0) - error) <= 1e-12 * error)
            for view in views { #expect(view.heard[step].loss == heard.loss && view.heard[step].parts == heard.parts) }
        }
    }

    @Test("a step that is not reported sends nothing, and reports change no parameter")
    func costs() async throws {
        let often = try Self.config("local-steps")
        let seldom = try Self.config("local-steps", every: 1 << 20)
        let views = try await GroupRun.each(2) { try Self.run(often, $0) }
        for view in views {
            for step in view.heard.indices.dropFirst() where view.heard[step].steps == 0 {
                #expect(view.sums[step] == view.sums[step - 1])
            }
        }
        let rare = try await GroupRun.each(2) { try Self.run(seldom, $0) }
        #expect(rare[0].heard.map(\.steps) == [1, 0, 0, 0, 0, 0, 6])
        #expect(rare[0].parameters == views[0].parameters)
        let alone = try Self.run(often, SingleCommunicator())
        #expect(alone.sums.last == 0)
        #expect(alone.heard == alone.own.map(\.report))
    }

    @Test("the cadence of rank 0 holds where run files differ")
    func cadences() async throws {
        let views = try await GroupRun.each(3) { member in
            try Self.run(Self.config("every-step", every: [36, 13, 1 << 20][member.rank]), member)
        }
        for view in views { #expect(view.heard.map(\.steps) == [1, 0, 2, 0, 0, 3, 1]) }
    }

    @Test("what one worker withdrew is seen in the report of all", arguments: [Poisoned.Place.gradient, .loss])
    func withdrawals(place: Poisoned.Place) async throws {
        var config = try Self.config("every-step")
        var objective = Poisoned()
        // The last sample of the second step, which the last rank has.
        objective.sample = 25
        objective.place = place
        objective.count = try #require(Recipe(config).layout.parameters.first).shape.count
        config.objective = objective
        let poisoned = config
        let views = try await GroupRun.each(2) { try Self.run(poisoned, $0) }
        #expect(views.map { $0.own[6].report.withdrawn } == [0, 1])
        #expect(views.map { $0.heard[6].withdrawn } == [1, 1])
        #expect(views[0].heard[2].loss.isFinite == (place == .gradient))
        #expect(views[0].heard[5].loss.isFinite)
    }

    @Test("recent losses are those of the last steps, and none where other workers' are not known")
    func recent() {
        var recent = RecentLosses(3)
        var report = StepReport(progress: Progress(plannedSamples: 8), loss: 9)
        report.steps = 0
        recent.add(report)
        #expect(recent.mean == nil)
        let now = ContinuousClock.now
        #expect(!ProgressLine(report, loss: recent.mean, since: (0, now), now: now).text.contains("loss"))
        for (loss, steps) in [(4.0, 2), (1.0, 1)] {
            (report.loss, report.steps) = (loss, steps)
            recent.add(report)
        }
        #expect(recent.mean == 3)
        #expect(ProgressLine(report, loss: recent.mean, since: (0, now), now: now).text.contains("loss 3.0"))
        for loss in [2.0, 6.0] {
            (report.loss, report.steps) = (loss, 1)
            recent.add(report)
        }
        // The first two steps were one report, which is forgotten once three newer steps are known.
        #expect(recent.mean == 3)
        report.steps = 5
        recent.add(report)
        #expect(recent.mean == 6)
    }
}

/// Writes down what a rank sees.
private final class Recorder: TrainingObserver {
    var view = GroupLossTests.View()
    private let group: CountedGroup

    init(_ group: CountedGroup) { self.group = group }

    func didChoose(_ exchange: ExchangeChoice, at samples: UInt64) {}
    func didStep(_ report: StepReport) {
        view.heard.append(report)
        view.sums.append(group.sums)
    }
    func didSave(_ checkpoint: CheckpointID) {}
    func didEvaluate(_ evaluation: EvaluationReport) {}
    func didFinish() {}
}

/// Work whose reports are written down as the trainer made them.
private final class RecordedWork: WorkSource {
    private let work: ScheduledWork
    private let recorder: Recorder

    init(_ work: ScheduledWork, _ recorder: Recorder) { (self.work, self.recorder) = (work, recorder) }

    func next() throws(TrainingError) -> Work? { try work.next() }

    func complete(_ work: Work, _ report: StepReport) throws(TrainingError) {
        recorder.view.own.append((report, work.sampleCount))
        try self.work.complete(work, report)
    }
}

/// A group that counts the sums it is asked for.
private final class CountedGroup: Communicator {
    private(set) var sums = 0
    private let group: any Communicator

    var rank: Int { group.rank }
    var size: Int { group.size }

    init(_ group: any Communicator) { self.group = group }

    func startMean(
        of buffer: FlatBuffer,
        weight: Float,
        round: UInt64
    ) throws(CommunicationError) -> any PendingMean {
        try group.startMean(of: buffer, weight: weight, round: round)
    }

    func sum(_ values: [Double]) throws(CommunicationError) -> [Double] {
        sums += 1
        return try group.sum(values)
    }

    func broadcast(_ buffer: FlatBuffer, from root: Int) throws(CommunicationError) {
        try group.broadcast(buffer, from: root)
    }

    func broadcast(_ bytes: [UInt8], from root: Int) throws(CommunicationError) -> [UInt8] {
        try group.broadcast(bytes, from: root)
    }

    func barrier() throws(CommunicationError) { try group.barrier() }
}
