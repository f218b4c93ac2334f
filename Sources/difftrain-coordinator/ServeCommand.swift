import ArgumentParser
import CoordinatorServer
import Foundation
import Logging

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serves a run: API, dashboard and metrics on one port.",
        discussion: "Example:\n  difftrain-coordinator serve run --listen 0.0.0.0:7300"
    )

    @Argument(help: "The run directory.")
    var directory: String

    @Option(help: "Host and port to listen on; port 0 takes any free one.")
    var listen = "127.0.0.1:7300"

    @Option(help: "A file to write the bound port to.")
    var portFile: String?

    @Flag(help: "Stop when the run is finished and every worker has gone.")
    var untilFinished = false

    @Flag(help: "Log every round.")
    var verbose = false

    func run() async throws {
        guard var options = ServeOptions(listen: listen) else {
            throw ValidationError("'\(listen)' is no HOST:PORT; write 127.0.0.1:7300, for example.")
        }
        options.portFile = portFile
        options.untilFinished = untilFinished
        var logger = Logger(label: "difftrain.coordinator", factory: StreamLogHandler.standardError(label:))
        logger.logLevel = verbose ? .debug : .notice
        let application = try await CoordinatorApplication(directory: directory, options: options, logger: logger)
        let host = options.host == "0.0.0.0" || options.host == "::" ? "127.0.0.1" : options.host
        try await application.run { port in
            let shown = host.contains(":") ? "[\(host)]" : host
            FileHandle.standardOutput.write(Data("dashboard: http://\(shown):\(port)/\n".utf8))
        }
    }
}
