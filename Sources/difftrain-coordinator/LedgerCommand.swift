import ArgumentParser
import CoordinatorServer
import Foundation

struct LedgerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger",
        abstract: "Proves from the journal that every sample was counted exactly once; exit code 1 if not.",
        discussion: "Example:\n  difftrain-coordinator ledger run --json"
    )

    @Argument(help: "The run directory.")
    var directory: String

    @Flag(help: "One JSON object.")
    var json = false

    func run() throws {
        let ledger = try Ledger(RunFolder(directory))
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = .sortedKeys
            print(String(decoding: try encoder.encode(ledger), as: UTF8.self))
        } else {
            print(ledger.line)
        }
        if ledger.faults > 0 { throw ExitCode(1) }
    }
}
