import Buffers
import Checkpoints
import Communication
import Configs
import Testing

@testable import Training

/// A group whose means are decided by the test.
private final class ScriptedCommunicator: Communicator {
    let rank = 0
    let size = 2
    var reports: [MeanReport]
    var weights: [Float] = []

    init(_ reports: [MeanReport]) {
        self.reports = reports
    }

    func startMean(
        of buffer: FlatBuffer,
        weight: Float,
        round: UInt64
    ) throws(CommunicationError) -> any PendingMean {
        weights.append(weight)
        return FinishedMean(reports.removeFirst())
    }

    func broadcast(_ buffer: FlatBuffer, from root: Int) throws(CommunicationError) {}

    func broadcast(_ bytes: [UInt8], from root: Int) throws(CommunicationError) -> [UInt8] { bytes }

    func barrier() throws(CommunicationError) {}
}

/// A strategy that halves the parameters after every update, and says so or keeps it for itself.
private struct Halving: SyncStrategy {
    static let name = "halving"
    static let reference = Reference(title: "A strategy for tests", year: 2025, link: "here")

    var changesParameters = true

    func validate() throws(ConfigError) {}

    func makeSynchronizer(_ layout: ParameterLayout, _ communicator: any Communicator) -> any Synchronizer {
        HalvingSynchronizer(changesParameters: changesParameters)
    }
}

private final class HalvingSynchronizer: Synchronizer {
    let changesParameters: Bool

    init(changesParameters: Bool) {
        self.changesParameters = changesParameters
    }

    func reduceGradients(
        _ gradients: FlatBuffer,
        weight: Float,
        at progress: Progress
    ) throws(CommunicationError) -> MeanReport {
        MeanReport(totalWeight: Double(weight), contributors: 1)
    }

    func reduceParameters(_ parameters: FlatBuffer, at progress: Progress) throws(CommunicationError) -> Bool {
        parameters.scale(by: 0.5)
        return true
    }

    func save(_ writer: inout CheckpointWriter) throws(CheckpointError) {}

    func restore(_ reader: CheckpointReader) throws(CheckpointError) {}
}

@Suite("Steps")
struct StepTests {
    @Test("a mean of weight zero leaves the parameters and still counts the samples")
    func weightlessMeansChangeNothing() throws {
        let communicator = ScriptedCommunicator([MeanReport(totalWeight: 0, contributors: 0)])
        let trainer = try Trainer(Recipe(TinyRun.config()), communicator: communicator)
        let before = trainer.state.parameters.floats
        _ = try trainer.step(Work(samples: [0..<6], globalSamples: 0..<12))
        #expect(trainer.state.parameters.floats == before)
        #expect(trainer.state.evaluated.floats == before)
        #expect(trainer.state.progress.samples == 12)
        #expect(communicator.weights == [6])
    }

    @Test("averages move towards the parameters even if a mean of weight zero left those as they were")
    func weightlessMeansMoveAverages() throws {
        let communicator = ScriptedCommunicator([MeanReport(totalWeight: 0, contributors: 0)])
        let trainer = try Trainer(Recipe(TinyRun.config()), communicator: communicator)
        trainer.state.parameters.fill(0)
        let before = trainer.state.evaluated.floats
        _ = try trainer.step(Work(samples: [0..<6], globalSamples: 0..<12))
        #expect(trainer.state.evaluated.floats == before.map { $0 * 0.5 })
    }

    @Test(
        "averages follow the parameters that workers agreed on, where agreeing changes them",
        arguments: [false, true]
    )
    func averagesFollowAgreedParameters(changes: Bool) throws {
        var config = try TinyRun.config()
        config.synchronization = Halving(changesParameters: changes)
        let trainer = try Trainer(Recipe(config), communicator: SingleCommunicator())
        // The first step of the run has the rate 0.
        _ = try trainer.step(Work(samples: [0..<12], globalSamples: 0..<12))
        let before = trainer.state.evaluated.floats
        _ = try trainer.step(Work(samples: [12..<24], globalSamples: 12..<24))
        let parameters = trainer.state.parameters.floats
        let seen = changes ? parameters : parameters.map { $0 * 2 }
        let expected = zip(before, seen).map { average, parameter in average + 0.5 * (parameter - average) }
        #expect(trainer.state.evaluated.floats == expected)
        #expect(trainer.state.evaluated.floats != before)
    }

    @Test("samples of lost workers are added before the mean is formed again")
    func lostSamplesAreAdded() throws {
        let incomplete = MeanReport(totalWeight: 0, contributors: 0, isComplete: false)
        let complete = MeanReport(totalWeight: 12, contributors: 1)
        let communicator = ScriptedCommunicator([incomplete, complete])
        let trainer = try Trainer(Recipe(TinyRun.config()), communicator: communicator)
        trainer.begin()
        _ = try trainer.accumulate(0..<6)
        #expect(try trainer.exchange().isComplete == false)
        _ = try trainer.accumulate(6..<12)
        _ = try trainer.apply(trainer.exchange(), globalSampleCount: 12)
        #expect(communicator.weights == [6, 12])

        let alone = try Trainer(Recipe(TinyRun.config()), communicator: SingleCommunicator())
        alone.begin()
        _ = try alone.accumulate(0..<6)
        _ = try alone.accumulate(6..<12)
        _ = try alone.apply(alone.exchange(), globalSampleCount: 12)
        #expect(trainer.state.parameters.floats == alone.state.parameters.floats)
    }

    @Test("an incomplete mean that nobody can complete ends the run by name")
    func incompleteMeansEndScheduledRuns() throws {
        var report = MeanReport(totalWeight: 0, contributors: 0, isComplete: false)
        report.lost = ["rank 3"]
        let trainer = try Trainer(Recipe(TinyRun.config()), communicator: ScriptedCommunicator([report]))
        let error = #expect(throws: TrainingError.self) {
            try trainer.step(Work(samples: [0..<6], globalSamples: 0..<12))
        }
        #expect(error?.description.contains("rank 3") == true)
    }

    @Test("a worker whose gradient is not finite withdraws but takes part")
    func overflowsWithdraw() throws {
        let communicator = ScriptedCommunicator([MeanReport(totalWeight: 6, contributors: 1)])
        let trainer = try Trainer(Recipe(TinyRun.config()), communicator: communicator)
        trainer.state.parameters.withMutableFloats { $0[0] = .infinity }
        let report = try trainer.step(Work(samples: [0..<6], globalSamples: 0..<12))
        #expect(communicator.weights == [0])
        #expect(report.withdrawn == 1)
    }

    @Test("starting over gives back the first state")
    func startingOverForgets() throws {
        let trainer = try Trainer(Recipe(TinyRun.config()), communicator: SingleCommunicator())
        let before = trainer.state.parameters.floats
        try TinyRun.take(2, with: trainer)
        #expect(trainer.state.parameters.floats != before)
        trainer.startOver()
        #expect(trainer.state.parameters.floats == before)
        #expect(trainer.state.progress.samples == 0)
    }
}
