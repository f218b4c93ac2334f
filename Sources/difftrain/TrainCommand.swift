import ArgumentParser
import Checkpoints
import Communication
import Configs
import Foundation
import Training

/// Trains on this machine.
struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Trains on this machine; goes on where the directory stopped.",
        discussion: """
            Example:
              difftrain train configs/runs/digits.yaml --out runs/digits --set optimizer.rate=1e-3
            """
    )

    @OptionGroup var runFile: RunFileOptions

    @Option(help: "The run directory (default: runs/NAME).", completion: .directory)
    var out: String?

    @Flag(help: "Start over: removes what the directory holds of an earlier run.")
    var fresh = false

    @Flag(help: "Print each line of run.jsonl on standard output too.")
    var json = false

    @OptionGroup var threads: ThreadOptions

    func run() throws {
        let stop = StopSignal()
        SignalWatcher.watch(stop)
        let config = try runFile.load()
        let finished = try threads.compute { try train(config, until: stop) }
        guard finished else {
            Output.note("Stopped with the state saved; the same command goes on.")
            throw Program.interrupted
        }
    }

    private func train(_ config: RunConfig, until stop: StopSignal) throws -> Bool {
        let recipe = try Recipe(config)
        let directory = try RunDirectory(out ?? "runs/\(config.name)", for: config, fresh: fresh)
        let trainer = try Trainer(recipe, communicator: SingleCommunicator())
        let start = try trainer.resume(from: directory.checkpoints)
        for sentence in start.refused { Output.note(sentence) }
        if let checkpoint = start.checkpoint {
            Output.note("Going on from \(checkpoint.samples) samples in \(directory.path).")
        }
        let log = try JSONLinesLog(path: directory.log, every: config.report.every.rawValue) { line in
            if json { Output.line(line.json()) }
        }
        let run = TrainingRun(trainer, in: directory, observers: [ProgressDisplay(isTerminal: Output.isTerminal), log])
        let work = ScheduledWork(
            SingleCommunicator(),
            batch: config.batch.global,
            from: trainer.state.progress,
            until: stop
        )
        let finished = try run.run(work)
        if finished { Output.note("Done: \(trainer.state.progress.samples) samples, results in \(directory.path).") }
        return finished
    }
}
