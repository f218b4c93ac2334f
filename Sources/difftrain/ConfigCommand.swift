import ArgumentParser
import Configs
import Training

/// Checks and shows configurations.
struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Checks and shows run files and methods.",
        discussion: """
            Example:
              difftrain config validate configs/runs/digits.yaml
            """,
        subcommands: [Validate.self, Resolve.self, Diff.self, Methods.self, Show.self]
    )

    struct Validate: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Checks a run file.",
            discussion: """
                Example:
                  difftrain config validate configs/runs/digits.yaml
                """
        )
        @OptionGroup var runFile: RunFileOptions

        func run() throws {
            _ = try Recipe(try runFile.load())
            Output.line("\(runFile.file) is valid")
        }
    }

    struct Resolve: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints a run file with every default spelled out.",
            discussion: """
                Example:
                  difftrain config resolve configs/runs/digits.yaml --set seed=7
                """
        )
        @OptionGroup var runFile: RunFileOptions

        func run() throws {
            Output.line(ConfigEncoder.encode(try runFile.load()))
        }
    }

    struct Diff: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows how two run files differ once every default is spelled out; exit code 1 if they do.",
            discussion: """
                Example:
                  difftrain config diff configs/runs/digits.yaml mine.yaml
                """
        )
        @Argument(completion: .file()) var first: String
        @Argument(completion: .file()) var second: String

        func run() throws {
            let texts = try [first, second].map { path in
                ConfigEncoder.encode(try RunConfig(contentsOf: path))
            }
            let lines = texts.map { $0.split(separator: "\n").map(String.init) }
            let changes = lines[1].difference(from: lines[0])
            for change in changes {
                switch change {
                case .remove(_, let line, _): Output.line("- \(line)")
                case .insert(_, let line, _): Output.line("+ \(line)")
                }
            }
            if !changes.isEmpty { throw ExitCode(1) }
        }
    }

    struct Methods: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the slots, or the methods of one.",
            discussion: """
                Example:
                  difftrain config methods sampler
                """
        )
        @Argument(help: "A slot.") var slot: String?

        func run() throws {
            guard let slot else {
                for slot in AllMethods.slots {
                    Output.line("\(slot.name): \(slot.methodNames.joined(separator: ", "))")
                }
                return
            }
            for method in try ConfigCommand.slot(slot).methods {
                Output.line("\(method.name)  \(method.reference.title) (\(method.reference.year))")
            }
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints a method with every default.",
            discussion: """
                Example:
                  difftrain config show weighting min-snr
                """
        )
        @Argument(help: "A slot.") var slot: String
        @Argument(help: "A method of it.") var name: String

        func run() throws {
            let slot = try ConfigCommand.slot(slot)
            guard let method = slot.method(named: name) else {
                throw ValidationError(
                    "there is no '\(name)' in \(slot.name); choose from \(slot.methodNames.joined(separator: ", "))"
                )
            }
            Output.line(ConfigEncoder.encode(method: method.init()))
        }
    }

    static func slot(_ name: String) throws -> any MethodSlot.Type {
        guard let slot = AllMethods.slot(named: name) else {
            let known = AllMethods.slots.map { $0.name }.joined(separator: ", ")
            throw ValidationError("there is no slot '\(name)'; choose from \(known)")
        }
        return slot
    }
}
