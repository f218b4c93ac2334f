import ArgumentParser
import Foundation
import Training

/// Draws the curves of a run.
struct PlotCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plot",
        abstract: "Draws loss, rate, throughput and metrics of a run as a PNG.",
        discussion: """
            Example:
              difftrain plot runs/digits --out curves.png
            """
    )

    @Argument(help: "A run directory.", completion: .directory)
    var directory: String

    @Option(help: "The PNG to write.", completion: .file(extensions: ["png"]))
    var out: String

    func run() throws {
        let lines = try RunLog.read(directory + "/run.jsonl")
        let series = RunPlot.series(lines)
        guard !series.isEmpty else {
            throw ValidationError("\(directory)/run.jsonl has no curve yet; train first")
        }
        try RunDirectory.write(try RunPlot.png(series), to: out)
        Output.note("Wrote \(series.count) curves to \(out).")
    }
}
