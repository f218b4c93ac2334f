import Buffers
import Communication
import Configs
import Foundation
import TestSupport
import Testing

@testable import Training

@Suite("Run directories")
struct RunDirectoryTests {
    private func run(_ config: RunConfig, in path: String, fresh: Bool = false) throws -> Trainer {
        let directory = try RunDirectory(path, for: config, fresh: fresh)
        let trainer = try Trainer(Recipe(config), communicator: SingleCommunicator())
        try trainer.resume(from: directory.checkpoints)
        let log = try JSONLinesLog(path: directory.log, every: config.report.every.rawValue)
        let run = TrainingRun(trainer, in: directory, observers: [log])
        let work = ScheduledWork(
            SingleCommunicator(),
            batch: config.batch.global,
            from: trainer.state.progress,
            until: StopSignal()
        )
        #expect(try run.run(work))
        return trainer
    }

    @Test("a run writes its file, its log, its newest checkpoints and a sheet")
    func runsLeaveTheirResults() throws {
        let directory = try TestDirectory()
        let config = try TinyRun.config(length: 72)
        _ = try run(config, in: directory.path)
        let lines = try RunLog.read(directory.path + "/run.jsonl")
        #expect(lines.count { $0.type == "step" } == 6)
        #expect(lines.compactMap(\.loss).allSatisfy { $0.isFinite && $0 > 0 })
        #expect(lines.count { $0.type == "checkpoint" } == 3)
        #expect(lines.count { $0.type == "evaluation" } == 1)
        let kept = try FileManager.default.contentsOfDirectory(atPath: directory.path + "/checkpoints")
        #expect(kept.filter { !$0.hasPrefix(".") }.sorted() == ["000000000048", "000000000072"])
        let sheet = try #require(FileManager.default.contents(atPath: directory.path + "/samples/000000000072.png"))
        #expect(sheet.prefix(4) == Data([0x89, 0x50, 0x4E, 0x47]))
        let model = try TrainedModel(directory.path)
        #expect(model.samples == 72)
        #expect(throws: TrainingError.self) { try TrainedModel(directory.path, weights: "average-1") }
    }

    @Test("a longer run file goes on where the shorter one ended")
    func runsCanBeMadeLonger() throws {
        let directory = try TestDirectory()
        _ = try run(TinyRun.config(length: 48), in: directory.path)
        let trainer = try run(TinyRun.config(length: 96), in: directory.path)
        #expect(trainer.state.progress.samples == 96)
        #expect(trainer.state.progress.step == 8)
    }

    @Test("another run is refused with the line that differs, and replaced when asked to")
    func otherRunsAreRefused() throws {
        let directory = try TestDirectory()
        _ = try run(TinyRun.config(length: 24), in: directory.path)
        let other = try TinyRun.config(length: 24, decay: 0.75)
        let error = #expect(throws: TrainingError.self) { try RunDirectory(directory.path, for: other, fresh: false) }
        #expect(error?.description.contains("0.75") == true, "\(String(describing: error))")
        _ = try run(other, in: directory.path, fresh: true)
    }

    @Test("a directory that is in use is refused")
    func directoriesAreLocked() throws {
        let directory = try TestDirectory()
        let config = try TinyRun.config()
        let first = try RunDirectory(directory.path, for: config, fresh: false)
        let error = #expect(throws: TrainingError.self) { try RunDirectory(directory.path, for: config, fresh: false) }
        #expect(error?.description.contains("process") == true)
        withExtendedLifetime(first) {}
    }
}
