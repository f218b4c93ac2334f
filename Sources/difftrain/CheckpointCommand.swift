import ArgumentParser
import Checkpoints
import Configs
import Training

/// Looks into checkpoints.
struct CheckpointCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "checkpoint",
        abstract: "Lists, verifies and compares checkpoints.",
        discussion: """
            Example:
              difftrain checkpoint list runs/digits
            """,
        subcommands: [List.self, Inspect.self, Verify.self, Diff.self]
    )

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the checkpoints of a run directory.",
            discussion: """
                Example:
                  difftrain checkpoint list runs/digits --json
                """
        )
        @Argument(completion: .directory) var directory: String
        @Flag(help: "Print one JSON object a line.") var json = false

        func run() throws {
            for entry in try CheckpointFacts.list(in: directory) {
                if json { try Output.json(entry) } else { Output.line(entry.line) }
            }
        }
    }

    struct Inspect: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Verifies one checkpoint and prints what it holds.",
            discussion: """
                Example:
                  difftrain checkpoint inspect runs/digits
                """
        )
        @Argument(help: "A checkpoint, or a run directory for its newest.", completion: .directory) var checkpoint:
            String

        func run() throws {
            let facts = try CheckpointFacts(checkpoint)
            try Output.json(facts)
        }
    }

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Checks every byte of one checkpoint.",
            discussion: """
                Example:
                  difftrain checkpoint verify runs/digits/checkpoints/000000150000
                """
        )
        @Argument(completion: .directory) var checkpoint: String

        func run() throws {
            let facts = try CheckpointFacts(checkpoint)
            Output.line("\(checkpoint) is whole: \(facts.line)")
        }
    }

    struct Diff: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Compares the parameters of two checkpoints; exit code 1 if a bit differs.",
            discussion: """
                Example:
                  difftrain checkpoint diff runs/digits runs/again
                """
        )
        @Argument(completion: .directory) var first: String
        @Argument(completion: .directory) var second: String
        @Flag(help: "Print one JSON object.") var json = false

        func run() throws {
            let difference = try CheckpointDifference(first, second)
            if json { try Output.json(difference) } else { Output.line(difference.line) }
            if !difference.isIdentical { throw ExitCode(1) }
        }
    }
}
