import ArgumentParser
import Foundation
import Logging
import Training
import Worker

/// Where a volunteer joins and with what.
struct VolunteerOptions: ParsableArguments {
    @Argument(help: "The coordinator, HOST:PORT.")
    var address: String

    @Option(help: "A file that holds the token.", completion: .file())
    var token: String?

    @Option(help: "Where fetched data and states are kept.", completion: .directory)
    var cache: String?

    /// The settings of the worker.
    func load() throws(WorkerError) -> WorkerConfig {
        try WorkerConfig(address: address, tokenFile: token, cache: cache)
    }
}

/// Takes part in somebody's run.
struct JoinCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "join",
        abstract: "Takes part in the run of a coordinator until it is over.",
        discussion: """
            Example:
              difftrain-worker join 192.0.2.7:7300 --token token.txt
            """
    )

    @OptionGroup var volunteer: VolunteerOptions

    @Option(help: "Threads that compute (default: the processor's).")
    var threads: Int?

    @Option(help: "The address under which other workers dial this one (default: the one that the coordinator sees).")
    var host: String?

    func validate() throws {
        guard let threads, !(1...1024).contains(threads) else { return }
        throw ValidationError("--threads must be 1 to 1024, not \(threads)")
    }

    func run() throws {
        let stop = StopSignal()
        SignalWatcher.watch(stop)
        var config = try volunteer.load()
        config.host = host
        let display = ProgressDisplay(isTerminal: isatty(STDERR_FILENO) == 1)
        let logger = Logger(label: "difftrain.Worker") { StreamLogHandler.standardError(label: $0) }
        let worker = try Volunteer(config, until: stop, observers: [display], logger: logger)
        try ComputeScope.run(threads: threads) { try worker.run() }
    }
}
