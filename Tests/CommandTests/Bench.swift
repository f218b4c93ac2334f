import Foundation
import TestSupport
import Testing

/// A folder with a run file that is trained in a moment, and the three programs to use on it.
struct Bench {
    let directory: TestDirectory

    static let yaml = """
        name: tiny
        seed: 7
        length: 24 samples
        data: digits
        model: {type: dit, width: 16, depth: 1, heads: 2, patch: 4}
        optimizer: {type: adamw, rate: 1.0e-2}
        rate_schedule: {type: warmup-cosine, warmup: 12 samples}
        averages: [{type: switch, decay: 0.5, every: 24 samples}]
        batch: {global: 12, micro: 6}
        checkpoint: {every: 12 samples, keep: 2}
        evaluation: {every: 24 samples, sheet: 4, sampler: {type: heun, steps: 2}}
        report: {every: 12 samples}

        """

    /// The bytes that every PNG begins with.
    static let png: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

    init() throws {
        directory = try TestDirectory()
        try directory.write(Array(Bench.yaml.utf8), to: "tiny.yaml")
    }

    /// Runs `difftrain`; arguments are the words of a line.
    func difftrain(_ line: String) async throws -> ChildProgram.Result {
        try await run("difftrain", line)
    }

    func worker(_ line: String) async throws -> ChildProgram.Result {
        try await run("difftrain-worker", line)
    }

    func coordinator(_ line: String) async throws -> ChildProgram.Result {
        try await run("difftrain-coordinator", line)
    }

    func start(_ program: String, _ line: String) throws -> ChildProgram {
        try ChildProgram(program, line.split(separator: " ").map(String.init), in: directory.path)
    }

    /// A run directory `run` with two checkpoints and a log.
    func train() async throws {
        let result = try await difftrain("train tiny.yaml --out run --threads 1")
        try #require(result.code == 0, "\(result.errors)")
    }

    func isPNG(_ name: String) throws -> Bool {
        try Array(directory.read(name).prefix(8)) == Bench.png
    }

    private func run(_ program: String, _ line: String) async throws -> ChildProgram.Result {
        try await start(program, line).result()
    }
}

extension ChildProgram.Result {
    /// The lines of standard output.
    var lines: [String] { output.split(separator: "\n").map(String.init) }

    /// Standard output, which must be one JSON object.
    func object() throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any])
    }

    /// Expects success.
    func succeeds(sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(code == 0, "\(errors)", sourceLocation: sourceLocation)
    }

    /// Expects an exit code, nothing on standard output and one sentence on standard error that has some words.
    ///
    /// The parser's own errors are followed by lines about the usage.
    func fails(_ code: Int32, _ words: String, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(self.code == code, "\(errors)", sourceLocation: sourceLocation)
        #expect(output.isEmpty, sourceLocation: sourceLocation)
        let lines = errors.split(separator: "\n")
        let sentence = lines.first ?? ""
        #expect(sentence.contains(words), "\(errors)", sourceLocation: sourceLocation)
        #expect(!sentence.dropLast().contains(". "), "\(sentence)", sourceLocation: sourceLocation)
        let isUsage = sentence.hasPrefix("Error: ")
        #expect(lines.count == 1 || isUsage, "\(errors)", sourceLocation: sourceLocation)
    }
}
