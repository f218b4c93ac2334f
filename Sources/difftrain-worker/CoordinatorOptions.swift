import ArgumentParser
import Communication
import Foundation
import Logging
import Training
import Worker

/// Where the ranks of a cluster join a run of volunteers, as one peer.
struct CoordinatorOptions: ParsableArguments {
    @Option(help: "Take part in the run of this coordinator, HOST:PORT, as one peer with the weight of all ranks.")
    var coordinator: String?

    @Option(help: "With --coordinator: a file that holds the token.", completion: .file())
    var token: String?

    @Option(help: "With --coordinator: where fetched data and states are kept.", completion: .directory)
    var cache: String?

    @Option(help: "With --coordinator: the address under which other workers dial rank 0.")
    var host: String?

    func validate() throws {
        guard coordinator == nil else { return }
        for (name, value) in [("--token", token), ("--cache", cache), ("--host", host)] where value != nil {
            throw ValidationError("\(name) is for runs with --coordinator")
        }
    }

    /// Takes part with all ranks; ends the program if it does not end well.
    func takePart(
        in address: String,
        _ config: RunConfig,
        _ cluster: Cluster,
        threads: Int,
        until stop: StopSignal
    ) throws {
        let peer = HeavyPeer(address: address, tokenFile: token, cache: cache, host: host)
        let logger = Logger(label: "difftrain.Worker") { StreamLogHandler.standardError(label: $0) }
        var ending = HeavyPeer.Ending.done
        _ = try cluster.enter { communicator in
            let display = ProgressDisplay(isTerminal: isatty(STDERR_FILENO) == 1)
            ending = try ComputeScope.run(threads: threads) {
                try peer.run(config, communicator, until: stop, observers: [display], logger: logger)
            }
            return true
        }
        switch ending {
        case .gaveUp(let error): throw error
        case .dismissed(let code) where code != 0: throw ExitCode(code)
        case .done, .dismissed: break
        }
    }
}
