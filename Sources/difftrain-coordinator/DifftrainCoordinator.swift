import ArgumentParser
import CoordinatorServer
import Foundation

/// Keeps the books of a training run in which many workers take part.
@main
struct DifftrainCoordinator: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "difftrain-coordinator",
        abstract: "Keeps the books of a training run in which many workers take part.",
        discussion: """
            Example:
              difftrain-coordinator init configs/runs/digits.yaml --out run
              difftrain-coordinator serve run --listen 0.0.0.0:7300
            """,
        subcommands: [InitCommand.self, ServeCommand.self, TokenCommand.self, LedgerCommand.self]
    )

    static func main() async {
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let error as ExitCode {
            Foundation.exit(error.rawValue)
        } catch let error as CoordinatorError {
            FileHandle.standardError.write(Data("error: \(error)\n".utf8))
            Foundation.exit(error.isUsage ? 2 : 1)
        } catch {
            let code = exitCode(for: error)
            guard code == .success || code == .validationFailure || error is CleanExit else {
                FileHandle.standardError.write(Data("error: \(error)\n".utf8))
                Foundation.exit(1)
            }
            guard code != .success else { exit(withError: error) }
            FileHandle.standardError.write(Data((fullMessage(for: error) + "\n").utf8))
            Foundation.exit(2)
        }
    }
}
