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

    @Flag(help: "First a line for every round, with the samples that each worker brought to its mean.")
    var rounds = false

    func run() throws {
        let ledger = try Ledger(RunFolder(directory))
        for round in rounds ? ledger.committed : [] { print(json ? try text(round) : round.line) }
        print(json ? try text(ledger) : ledger.line)
        if ledger.faults > 0 { throw ExitCode(1) }
    }

    private func text(_ facts: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return String(decoding: try encoder.encode(facts), as: UTF8.self)
    }
}
