import ArgumentParser
import CoordinatorServer
import Foundation

struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Makes, lists and revokes the tokens under which workers join.",
        discussion: "Example:\n  difftrain-coordinator token create run --name anna > anna.token",
        subcommands: [Create.self, List.self, Revoke.self]
    )

    /// The tokens of a directory that is a run.
    private static func store(_ directory: String) throws -> TokenStore {
        let folder = RunFolder(directory)
        guard folder.isRun else { throw CoordinatorError.notARun(path: directory) }
        return TokenStore(folder)
    }

    struct Create: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a token and prints it; only its digest is kept.",
            discussion: "Example:\n  difftrain-coordinator token create run --name anna > anna.token"
        )

        @Argument(help: "The run directory.")
        var directory: String

        @Option(help: "A name for people.")
        var name = "worker"

        func run() throws {
            print(try TokenCommand.store(directory).create(name: name, at: SystemTime().now()).text)
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the tokens, not their texts.",
            discussion: "Example:\n  difftrain-coordinator token list run --json"
        )

        @Argument(help: "The run directory.")
        var directory: String

        @Flag(help: "One JSON object a line.")
        var json = false

        func run() throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = .sortedKeys
            for record in try TokenCommand.store(directory).list() {
                if json {
                    print(String(decoding: try encoder.encode(record), as: UTF8.self))
                } else {
                    print("\(record.id)  \(record.isRevoked ? "revoked" : "valid  ")  \(record.name)")
                }
            }
        }
    }

    struct Revoke: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a token useless at once.",
            discussion: "Example:\n  difftrain-coordinator token revoke run t2"
        )

        @Argument(help: "The run directory.")
        var directory: String

        @Argument(help: "The token's id, as 'token list' shows it.")
        var id: String

        func run() throws { try TokenCommand.store(directory).revoke(id) }
    }
}
