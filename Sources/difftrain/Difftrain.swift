import ArgumentParser

/// The tool for one machine.
@main
struct Difftrain: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "difftrain",
        abstract: "Trains diffusion models, draws samples and judges them.",
        discussion: """
            Examples:
              difftrain train configs/runs/digits.yaml --out runs/digits
              difftrain sample runs/digits --out samples.png --labels 0,1,2
              difftrain evaluate runs/digits --count 1000 --json
            """,
        subcommands: [
            TrainCommand.self, SampleCommand.self, EvaluateCommand.self, PlotCommand.self, CheckpointCommand.self,
            ShardsCommand.self, ConfigCommand.self, BenchCommand.self,
        ]
    )

    static func main() {
        Program.run(Difftrain.self)
    }
}
