import Foundation
import Glibc
import TestSupport
import Testing

@Suite("difftrain train", .serialized, .timeLimit(.minutes(2)))
struct TrainTests {
    private let bench: Bench

    init() throws { bench = try Bench() }

    @Test("makes a run directory and tells every line of the log where that is asked for")
    func trains() async throws {
        let result = try await bench.difftrain(
            "train tiny.yaml --out run --threads 1 --json --set report.every=24samples"
        )
        result.succeeds()
        #expect(result.errors.contains("Done: 24 samples"))
        let types = try result.lines.map { line in
            try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])["type"] as? String
        }
        #expect(types == ["checkpoint", "step", "evaluation", "checkpoint"])
        #expect(String(decoding: try bench.directory.read("run/run.jsonl"), as: UTF8.self) == result.output)
        #expect(try bench.directory.names("run/checkpoints") == ["000000000012", "000000000024"])
        #expect(try bench.isPNG("run/samples/000000000024.png"))
    }

    @Test("writes to runs/NAME by default")
    func defaultFolder() async throws {
        try await bench.difftrain("train tiny.yaml --set name=short --set length=12samples --threads 1").succeeds()
        #expect(try bench.directory.names("runs/short").contains("run.jsonl"))
    }

    @Test("stops on a signal with code 4 and the state saved, and goes on where it stopped")
    func resumes() async throws {
        let line =
            "train tiny.yaml --out run --threads 1 --set length=1200samples"
            + " --set checkpoint.every=1Mi --set evaluation.every=1Mi"
        let program = try bench.start("difftrain", line)
        let started = try await poll { try? bench.directory.read("run/run.jsonl").isEmpty ? nil : true }
        try #require(started == true)
        program.send(SIGINT)
        let stopped = try await program.result()
        #expect(stopped.code == 4, "\(stopped.errors)")
        #expect(stopped.errors.contains("Stopped with the state saved; the same command goes on."))
        let saved = try #require(try bench.directory.names("run/checkpoints").first.flatMap(Int.init))
        #expect((12..<1200).contains(saved) && saved.isMultiple(of: 12))
        let resumed = try await bench.difftrain(line)
        resumed.succeeds()
        #expect(resumed.errors.contains("Going on from \(saved) samples in run."))
        #expect(resumed.errors.contains("Done: 1200 samples"))
    }

    @Test("keeps one run apart from another unless told to start over")
    func otherRun() async throws {
        try await bench.train()
        try await bench.difftrain("train tiny.yaml --out run --set seed=8").fails(2, "'seed: 7' there, 'seed: 8' here")
        let again = try await bench.difftrain("train tiny.yaml --out run --set seed=8 --fresh --threads 1")
        again.succeeds()
        #expect(!again.errors.contains("Going on"))
    }

    @Test("refuses what it cannot train with one sentence and code 2")
    func refuses() async throws {
        try await bench.difftrain("train none.yaml").fails(2, "none.yaml")
        try await bench.difftrain("train tiny.yaml --set sed=8").fails(2, "did you mean 'seed'?")
        try await bench.difftrain("train tiny.yaml --set model.heads=3").fails(2, "heads")
        try await bench.difftrain("train tiny.yaml --threads 0").fails(2, "--threads must be 1 to 1024, not 0")
        try await bench.difftrain("train tiny.yaml --out tiny.yaml").fails(2, "tiny.yaml")
        #expect(try bench.directory.names().contains("runs") == false)
    }
}
