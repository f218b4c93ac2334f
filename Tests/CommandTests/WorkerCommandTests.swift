import Foundation
import Glibc
import TestSupport
import Testing

@Suite("difftrain-worker", .serialized, .timeLimit(.minutes(2)))
struct WorkerCommandTests {
    private let bench: Bench

    init() throws { bench = try Bench() }

    /// An address of this machine at which nobody listens: ports this low are reserved.
    private static let nobody = "127.0.0.1:1"

    @Test("trains alone, with or without naming the command, to the same bits as difftrain")
    func alone() async throws {
        try await bench.worker("tiny.yaml --out first --threads 1").succeeds()
        try await bench.worker("run tiny.yaml --out second --threads 2 --set report.every=24samples").succeeds()
        try await bench.train()
        for other in ["second", "run"] { try await bench.difftrain("checkpoint diff first \(other)").succeeds() }
        try await bench.worker("tiny.yaml --out first --set seed=8").fails(2, "'seed: 8' here")
        try await bench.worker("tiny.yaml --out first --set seed=8 --fresh").succeeds()
        try await bench.worker("tiny.yaml --out third --patience 60").succeeds()
        try await bench.worker("tiny.yaml --out third --no-watch").succeeds()
        try await bench.worker("tiny.yaml --patience 0").fails(2, "--patience must be 1 to 86400 seconds")
        try await bench.worker("none.yaml").fails(2, "none.yaml")
        try await bench.worker("tiny.yaml --threads 0").fails(2, "--threads must be 1 to 1024")
    }

    @Test("stops on a signal with code 4 and the state saved")
    func stops() async throws {
        let program = try bench.start("difftrain-worker", "tiny.yaml --out run --set length=120k")
        let started = try await poll { try? bench.directory.read("run/run.jsonl").isEmpty ? nil : true }
        try #require(started == true)
        program.send(SIGTERM)
        let result = try await program.result()
        #expect(result.code == 4, "\(result.errors)")
        #expect(result.errors.contains("Stopped with the state saved; the same command goes on."))
        #expect(try !bench.directory.names("run/checkpoints").isEmpty)
    }

    @Test("says with code 3 that no coordinator answers")
    func nobody() async throws {
        let address = WorkerCommandTests.nobody
        try await bench.worker("join \(address) --cache cache").fails(3, "no coordinator answers at \(address)")
        let text = try await bench.worker("doctor \(address) --cache cache")
        #expect(text.code == 3 && text.errors.isEmpty)
        #expect(text.lines.count == 1)
        #expect(text.output.hasPrefix("FAIL the coordinator answers: no coordinator answers at \(address)"))
        let json = try await bench.worker("doctor \(address) --json")
        #expect(json.code == 3)
        #expect(try json.object()["is_fine"] as? Bool == false)
    }

    @Test("takes part in a coordinator's run with a run file of the same run, and refuses another")
    func heavyPeer() async throws {
        try await bench.coordinator("init tiny.yaml --out run").succeeds()
        let line = "serve run --listen 127.0.0.1:0 --port-file port --until-finished"
        let server = try bench.start("difftrain-coordinator", line)
        let text = try await poll { try? String(decoding: bench.directory.read("port"), as: UTF8.self) }
        let port = try #require(text).trimmingCharacters(in: .newlines)
        let flags = "--coordinator 127.0.0.1:\(port) --cache cache --threads 1 --host 127.0.0.1"
        let change = "'seed: 7' there, 'seed: 8' here"
        let other = try await bench.worker("tiny.yaml \(flags) --token run/keys/worker.token --set seed=8")
        #expect(other.code == 2 && other.errors.contains(change), "\(other.errors)")
        try await bench.worker("tiny.yaml \(flags)").fails(3, "token")
        try await bench.worker("tiny.yaml \(flags) --token run/keys/worker.token --set length=1k").succeeds()
        try await server.result().succeeds()
        let ledger = try await bench.coordinator("ledger run")
        #expect(ledger.output.hasPrefix("24 of 24 samples counted exactly once in 2 rounds by 1 workers"))
        try await bench.worker("tiny.yaml \(flags)").fails(3, "no coordinator answers")
    }

    @Test("refuses flags of the one way to run on the other")
    func ways() async throws {
        let address = WorkerCommandTests.nobody
        for flag in ["--token t", "--cache c", "--host h"] {
            try await bench.worker("tiny.yaml \(flag)").fails(2, "is for runs with --coordinator")
        }
        for flag in ["--out o", "--fresh"] {
            try await bench.worker("tiny.yaml --coordinator \(address) \(flag)").fails(2, "without --coordinator")
        }
        try await bench.worker("tiny.yaml --coordinator nowhere").fails(2, "'nowhere' is no address")
    }

    @Test("refuses addresses, tokens and thread counts that cannot be")
    func refuses() async throws {
        let address = WorkerCommandTests.nobody
        try await bench.worker("join nowhere").fails(2, "'nowhere' is no address")
        try await bench.worker("doctor 127.0.0.1:0").fails(2, "'127.0.0.1:0' is no address")
        try await bench.worker("join \(address) --token none").fails(2, "the token none cannot be read")
        try bench.directory.write([10, 10], to: "empty.token")
        try await bench.worker("doctor \(address) --token empty.token").fails(2, "it is empty")
        try await bench.worker("join \(address) --threads 0").fails(2, "--threads must be 1 to 1024")
    }
}
