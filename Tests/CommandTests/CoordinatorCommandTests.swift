import Foundation
import Glibc
import TestSupport
import Testing

@Suite("difftrain-coordinator", .serialized, .timeLimit(.minutes(2)))
struct CoordinatorCommandTests {
    private let bench: Bench

    init() throws { bench = try Bench() }

    private func initialize() async throws {
        let made = try await bench.coordinator("init tiny.yaml --out run")
        made.succeeds()
        #expect(made.lines.first == "tiny: 24 samples in rounds of 12 in run")
        #expect(made.lines.last?.hasSuffix("--token run/keys/worker.token") == true)
    }

    private func boundPort() async throws -> Int {
        let text = try await poll { try? String(decoding: bench.directory.read("port"), as: UTF8.self) }
        return try #require(text.flatMap { Int($0.trimmingCharacters(in: .newlines)) })
    }

    @Test("makes a run directory once")
    func makes() async throws {
        try await initialize()
        let again = try await bench.coordinator("init tiny.yaml --out run")
        again.fails(2, "The folder 'run' is not empty")
        try await bench.coordinator("init none.yaml --out other").fails(2, "none.yaml")
        #expect(try bench.directory.names() == ["run", "tiny.yaml"])
    }

    @Test("makes, lists and revokes tokens, and never shows one again")
    func tokens() async throws {
        try await initialize()
        let made = try await bench.coordinator("token create run --name anna")
        made.succeeds()
        let token = try #require(made.lines.first)
        #expect(token.count == 64 && made.lines.count == 1)
        #expect(try await bench.coordinator("token list run").lines == ["t1  valid    first", "t2  valid    anna"])
        try await bench.coordinator("token revoke run t2").succeeds()
        let list = try await bench.coordinator("token list run --json")
        #expect(list.lines.count == 2 && list.lines[1].contains(#""is_revoked":true"#))
        #expect(!list.output.contains(token))
        #expect(try !String(decoding: bench.directory.read("run/keys/tokens.json"), as: UTF8.self).contains(token))
        try await bench.coordinator("token revoke run t9").fails(2, "There is no token 't9'")
        for command in ["token list none", "token create none", "serve none", "ledger none"] {
            try await bench.coordinator(command).fails(2, "The folder 'none' is no coordinator's run directory")
        }
    }

    @Test("serves a run until it is told to stop, alone in its directory")
    func serves() async throws {
        try await initialize()
        let server = try bench.start("difftrain-coordinator", "serve run --listen 127.0.0.1:0 --port-file port")
        let port = try await boundPort()
        let line = try await poll { try server.text("output").isEmpty ? nil : server.text("output") }
        #expect(line == "dashboard: http://127.0.0.1:\(port)/\n")
        try await bench.coordinator("serve run --listen 127.0.0.1:0").fails(1, "is in use by another process")
        try await bench.coordinator("serve run --listen nowhere").fails(2, "'nowhere' is no HOST:PORT")
        let well = try await bench.worker("doctor 127.0.0.1:\(port) --token run/keys/worker.token --cache cache")
        well.succeeds()
        #expect(well.lines.count == 5 && well.lines.allSatisfy { $0.hasPrefix("ok   ") })
        try bench.directory.write(Array("wrong".utf8), to: "wrong.token")
        let ill = try await bench.worker("doctor 127.0.0.1:\(port) --token wrong.token")
        #expect(ill.code == 3 && ill.lines.count == 2)
        #expect(ill.output.contains("FAIL the token is accepted: the coordinator refused"))
        let refused = try await bench.worker("join 127.0.0.1:\(port) --token wrong.token")
        refused.fails(3, "the coordinator refused: The token is missing or not known")
        server.send(SIGTERM)
        #expect(try await server.result().code == 0)
    }

    @Test("says which address it cannot listen on")
    func cannotListen() async throws {
        try await initialize()
        let server = try bench.start("difftrain-coordinator", "serve run --listen 127.0.0.1:0 --port-file port")
        let port = try await boundPort()
        try await bench.coordinator("init tiny.yaml --out other").succeeds()
        let refused = try await bench.coordinator("serve other --listen 127.0.0.1:\(port)")
        #expect(refused.code == 1 && refused.output.isEmpty)
        let sentence = "error: The address 127.0.0.1:\(port) cannot be listened on: Address already in use."
        #expect(refused.errors.split(separator: "\n").last.map(String.init) == sentence)
        server.send(SIGINT)
        #expect(try await server.result().code == 0)
    }

    @Test("ends with the run, as the worker does that has computed it")
    func untilFinished() async throws {
        try await initialize()
        let line = "serve run --listen 127.0.0.1:0 --port-file port --until-finished --verbose"
        let server = try bench.start("difftrain-coordinator", line)
        let address = "127.0.0.1:\(try await boundPort())"
        let flags = "--token run/keys/worker.token --cache cache --threads 1 --host 127.0.0.1"
        try await bench.worker("join \(address) \(flags)").succeeds()
        let ended = try await server.result()
        ended.succeeds()
        #expect(ended.errors.contains("debug"), "\(ended.errors)")
        #expect(try bench.directory.names("run/checkpoints").last == "000000000024")
        let ledger = try await bench.coordinator("ledger run")
        ledger.succeeds()
        #expect(ledger.output.hasPrefix("24 of 24 samples counted exactly once in 2 rounds by 1 workers"))
        let listed = try await bench.coordinator("ledger run --rounds")
        #expect(
            listed.lines.count == 3 && listed.lines.first?.hasPrefix("round 1: samples 0 to 12, exchange 1: w-") == true
        )
        #expect(listed.lines.first?.hasSuffix(" 12") == true, "\(listed.output)")
        let proof = try await bench.coordinator("ledger run --json").object()
        #expect(proof["counted_once"] as? Int == 24 && proof["faults"] as? Int == 0)
        try await bench.difftrain("train tiny.yaml --out alone --threads 1").succeeds()
        try await bench.difftrain("checkpoint diff alone run").succeeds()
    }
}
