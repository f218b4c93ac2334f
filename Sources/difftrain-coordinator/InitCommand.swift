import ArgumentParser
import CoordinatorServer

struct InitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Makes a run directory: run file, shards by digest, keys, the first token.",
        discussion: "Example:\n  difftrain-coordinator init configs/runs/digits.yaml --out run"
    )

    @Argument(help: "The run file.")
    var runFile: String

    @Option(help: "The directory to make; it must not exist or be empty.")
    var out: String

    func run() throws {
        let folder = RunFolder(out)
        let facts = try RunSetup.create(from: runFile, in: folder)
        print("\(facts) in \(out)")
        print("serve it:  difftrain-coordinator serve \(out) --listen 0.0.0.0:7300")
        print("join it:   difftrain-worker join HOST:7300 --token \(folder.firstToken)")
    }
}
