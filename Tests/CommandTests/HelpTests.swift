import Foundation
import TestSupport
import Testing

@Suite("Help", .serialized, .timeLimit(.minutes(2)))
struct HelpTests {
    /// Every command with its arguments and flags; the other suites of this target use each of them.
    private static let commands: [String: [String: String]] = [
        "difftrain": [
            "": "",
            "train": "--fresh --json --out --set --threads <file>",
            "sample": "--average --count --guidance --labels --out --sampler --seed --steps --threads <directory>",
            "evaluate": "--average --count --guidance --json --metrics --sampler --seed --steps --threads <directory>",
            "plot": "--out <directory>",
            "checkpoint": "",
            "checkpoint list": "--json <directory>",
            "checkpoint inspect": "<checkpoint>",
            "checkpoint verify": "<checkpoint>",
            "checkpoint diff": "--json <first> <second>",
            "shards": "",
            "shards build": "--out <source>",
            "shards inspect": "<directory>",
            "shards verify": "<directory>",
            "config": "",
            "config validate": "--set <file>",
            "config resolve": "--set <file>",
            "config diff": "<first> <second>",
            "config methods": "<slot>",
            "config show": "<name> <slot>",
            "bench": "",
            "bench step": "--batch --check --json --model --precision --profile --recompute --seconds --threads",
            "bench sample": "--batch --check --json --model --precision --seconds --steps --threads",
            "bench kernels": "--json --seconds --threads",
            "bench compressions": "--compression --json --seconds --values",
            "bench exchange":
                "--against --backend --bucket --bytes --compression --json --path --peers --pieces --seconds",
        ],
        "difftrain-worker": [
            "": "",
            "run": "--cache --coordinator --fresh --host --no-watch --out --patience --set --threads --token <file>",
            "join": "--cache --host --threads --token <address>",
            "doctor": "--cache --json --token <address>",
        ],
        "difftrain-coordinator": [
            "": "",
            "init": "--out <run-file>",
            "serve": "--listen --port-file --until-finished --verbose <directory>",
            "ledger": "--json --rounds <directory>",
            "token": "",
            "token create": "--name <directory>",
            "token list": "--json <directory>",
            "token revoke": "<directory> <id>",
        ],
    ]

    @Test("names every command and flag, and shows an example", arguments: commands.keys.sorted())
    func tree(program: String) async throws {
        let directory = try TestDirectory()
        var found: [String: String] = [:]
        var open = [""]
        while let path = open.popLast() {
            let words = path.split(separator: " ").map(String.init)
            let result = try await ChildProgram.run(program, words + ["--help"], in: directory.path)
            result.succeeds()
            #expect(result.errors.isEmpty)
            let examples = result.lines.filter { $0.contains("\(program) ") && !$0.hasPrefix("USAGE:") }
            let isShown = !examples.isEmpty && result.output.contains("Example")
            #expect(isShown, "\(program) \(path) has no example")
            found[path] = HelpTests.names(result.lines).joined(separator: " ")
            open += HelpTests.subcommands(result.lines).map { path.isEmpty ? $0 : "\(path) \($0)" }
        }
        let expected = HelpTests.commands[program] ?? [:]
        for path in Set(found.keys).union(expected.keys) {
            #expect(found[path] == expected[path], "\(program) \(path)")
        }
    }

    @Test("is what a program shows that is told nothing to do")
    func nothing() async throws {
        let bench = try Bench()
        for result in [try await bench.difftrain(""), try await bench.coordinator("")] {
            result.succeeds()
            #expect(result.output.hasPrefix("OVERVIEW: "))
        }
        try await bench.worker("").fails(2, "Missing expected argument '<file>'")
    }

    @Test("is offered where a command or flag is not known")
    func unknown() async throws {
        let bench = try Bench()
        try await bench.difftrain("tain").fails(2, "Unexpected argument 'tain'")
        try await bench.difftrain("plot run --out a --color red").fails(2, "Unknown option '--color'")
        try await bench.worker("join").fails(2, "Missing expected argument '<address>'")
        try await bench.coordinator("serf").fails(2, "Unexpected argument 'serf'")
        #expect(try await bench.coordinator("serf").errors.contains("difftrain-coordinator --help"))
    }

    /// Arguments and flags that a help page lists, sorted, without `--help` itself.
    private static func names(_ lines: [String]) -> [String] {
        let heads = lines.filter { $0.hasPrefix("  ") && !$0.hasPrefix("   ") }.compactMap {
            $0.split(separator: " ").first
        }
        return heads.map(String.init).filter { $0.hasPrefix("<") || $0.hasPrefix("--") }.sorted()
    }

    private static func subcommands(_ lines: [String]) -> [String] {
        guard let start = lines.firstIndex(of: "SUBCOMMANDS:") else { return [] }
        let heads = lines[(start + 1)...].filter { $0.hasPrefix("  ") && !$0.hasPrefix("   ") && !$0.contains(" See ") }
        return heads.compactMap { $0.split(separator: " ").first.map(String.init) }
    }
}
