import ArgumentParser
import Communication
import Configs
import Foundation
import Training
import Worker

/// Trains as one rank of a cluster, or alone.
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Trains as one rank under mpirun, or alone; goes on where the directory stopped.",
        discussion: """
            Examples:
              mpirun -n 4 difftrain-worker configs/runs/digits.yaml --out runs/digits
              mpirun -n 4 difftrain-worker configs/runs/digits.yaml --coordinator 192.0.2.7:7300 --token token.txt
            """
    )

    @Argument(help: "The run file.", completion: .file(extensions: ["yaml", "yml"]))
    var file: String

    @Option(help: "The run directory, seen by all ranks (default: runs/NAME).", completion: .directory)
    var out: String?

    @Option(
        name: .customLong("set"),
        help: "Changes one value of the run file, as in 'batch.global=256'; may be repeated."
    )
    var overrides: [String] = []

    @Flag(help: "Start over: removes what the directory holds of an earlier run.")
    var fresh = false

    @Option(help: "Threads of each rank.")
    var threads = 1

    @Option(help: "Seconds that ranks wait in an exchange for one that does not come, before the job ends.")
    var patience = Cluster.usualPatience

    @Flag(help: "Do not watch whether all ranks live, as a debugger that stops one needs it.")
    var noWatch = false

    @OptionGroup var outside: CoordinatorOptions

    func validate() throws {
        guard (1...86400).contains(patience) else {
            throw ValidationError("--patience must be 1 to 86400 seconds, not \(patience)")
        }
        if outside.coordinator != nil, out != nil || fresh {
            throw ValidationError("--out and --fresh are for runs without --coordinator, which keeps their state")
        }
        guard (1...1024).contains(threads) else { throw ValidationError("--threads must be 1 to 1024, not \(threads)") }
    }

    func run() throws {
        let stop = StopSignal()
        SignalWatcher.watch(stop)
        let config = try RunConfig(contentsOf: file, overrides: overrides)
        let limit = noWatch ? nil : patience
        var cluster = Cluster(config.exchange, patience: limit, until: stop, note: Program.note)
        if let address = outside.coordinator {
            if !noWatch { cluster.patience = Cluster.endlessPatience }
            return try outside.takePart(in: address, config, cluster, threads: threads, until: stop)
        }
        guard config.communication.aggregator is WeightedMean else {
            throw ConfigError.conflict(
                "communication.aggregator: \(type(of: config.communication.aggregator).name)",
                "a cluster without --coordinator",
                because: "its ranks trust each other and form the weighted mean; leave the aggregator out"
            )
        }
        let run = ClusterRun(config, out: out ?? "runs/\(config.name)", fresh: fresh)
        let finished = try cluster.enter { communicator in
            let display = ProgressDisplay(isTerminal: isatty(STDERR_FILENO) == 1)
            return try ComputeScope.run(threads: threads) {
                let finished = try run.run(communicator, until: stop, display: display)
                if !finished, communicator.rank == 0 {
                    Program.note("Stopped with the state saved; the same command goes on.")
                }
                return finished
            }
        }
        if !finished { throw ExitCode(4) }
    }
}
