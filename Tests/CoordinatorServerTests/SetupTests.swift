import Coordination
import Foundation
import TestSupport
import Testing

@testable import CoordinatorServer

@Suite("Setting up a run")
struct SetupTests {
    private func create(_ yaml: String) throws -> (TestDirectory, RunFacts) {
        let directory = try TestDirectory()
        let runFile = try directory.write(Array(yaml.utf8), to: "a.yaml")
        let facts = try RunSetup.create(from: runFile, in: RunFolder(directory.file("run")), time: ManualTime())
        return (directory, facts)
    }

    private func refusal(_ yaml: String) -> String {
        do {
            _ = try create(yaml)
            return ""
        } catch {
            return "\(error)"
        }
    }

    @Test("The plan comes from the run file, units included")
    func plan() throws {
        let (directory, facts) = try create(
            """
            name: digits
            length: 64Ki
            batch: {global: 128, micro: 64}
            checkpoint: {every: 16Ki, keep: 5}
            evaluation: {every: 32Ki}
            model: {type: something, width: 3}
            """
        )
        #expect(facts.plan.name == "digits" && facts.plan.length == 65536 && facts.plan.globalBatch == 128)
        #expect(facts.plan.checkpointEvery == 16384 && facts.plan.checkpointsKept == 5)
        #expect(facts.plan.evaluationEvery == 32768 && facts.plan.granularity == 8)
        #expect(facts.plan.sharesByRanks == false)
        let names = try FileManager.default.contentsOfDirectory(atPath: directory.file("run")).sorted()
        #expect(names == ["blobs", "checkpoints", "coordinator.sqlite", "keys", "run.yaml", "samples"])
    }

    @Test("Shares follow ranks alone if the run file says so")
    func shares() throws {
        let yaml = "length: 64 samples\nbatch: {global: 16, shares: ranks}\n"
        #expect(try create(yaml).1.plan.sharesByRanks == true)
        let wrong = refusal("length: 64 samples\nbatch: {global: 16, shares: rank}\n")
        #expect(wrong.contains("a.yaml:2") && wrong.contains("ranks"))
    }

    @Test("Keys are readable by their owner alone")
    func permissions() throws {
        let (directory, _) = try create(Bench.yaml)
        for name in ["tokens.json", "worker.token", "secret"] {
            let attributes = try FileManager.default.attributesOfItem(atPath: directory.file("run/keys/\(name)"))
            #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
        }
    }

    @Test("What is missing or wrong in the run file is named with its place")
    func wrongRunFile() {
        #expect(refusal("length: 64 samples\n").contains("global"))
        #expect(refusal("batch: {global: 16}\n").contains("length"))
        let unit = refusal("length: 64Kb\nbatch: {global: 16}\n")
        #expect(unit.contains("a.yaml:1") && unit.contains("length"))
        let zero = refusal("length: 64 samples\nbatch: {global: 0}\n")
        #expect(zero.contains("batch.global") && zero.contains("0"))
    }

    @Test("A folder that is not empty is left alone")
    func notEmpty() throws {
        let directory = try TestDirectory()
        let runFile = try directory.write(Array(Bench.yaml.utf8), to: "a.yaml")
        try FileManager.default.createDirectory(atPath: directory.file("run"), withIntermediateDirectories: true)
        try directory.write([1], to: "run/precious")
        #expect(throws: CoordinatorError.self) {
            try RunSetup.create(from: runFile, in: RunFolder(directory.file("run")))
        }
        #expect(try directory.names("run") == ["precious"])
    }

    @Test("A data source that is on one machine only is refused")
    func unservable() {
        let text = refusal(Bench.yaml + "data: {type: image-folder, path: /tmp}\n")
        #expect(text.contains("'image-folder' cannot be served"))
    }

    @Test("Files of a shard directory become blobs")
    func shards() throws {
        let directory = try TestDirectory()
        try FileManager.default.createDirectory(atPath: directory.file("data"), withIntermediateDirectories: true)
        try directory.write([1, 2, 3], to: "data/manifest.json")
        try directory.write([4, 5], to: "data/shard-0")
        let yaml = Bench.yaml + "data: {type: shard-directory, path: \(directory.file("data"))}\n"
        let runFile = try directory.write(Array(yaml.utf8), to: "a.yaml")
        let folder = RunFolder(directory.file("run"))
        let facts = try RunSetup.create(from: runFile, in: folder)
        let files = try #require(facts.dataset)
        #expect(files.map(\.name) == ["manifest.json", "shard-0"])
        #expect(try folder.read(folder.blob(files[1].digest)) == [4, 5])
    }

    @Test("A token opens the run, is stored only as a digest, and no longer opens it once revoked")
    func tokens() throws {
        let bench = try Bench()
        let store = TokenStore(bench.folder)
        #expect(try store.owner(of: bench.token) == "t1")
        #expect(try store.owner(of: bench.token.uppercased() + "x") == nil)
        #expect(try store.owner(of: "") == nil)
        let stored = String(decoding: try bench.folder.read(bench.folder.tokens), as: UTF8.self)
        #expect(!stored.contains(bench.token))
        let second = try store.create(name: "anna", at: bench.time.now())
        #expect("\(second)" == "<redacted>")
        #expect(try store.owner(of: second.text) == "t2")
        try store.revoke("t2")
        #expect(try store.owner(of: second.text) == nil)
        #expect(try store.list().map(\.id) == ["t1", "t2"])
        #expect(throws: CoordinatorError.self) { try store.revoke("t9") }
    }

    @Test("Comparison of secrets looks at every byte")
    func constantTime() {
        #expect(isEqualInConstantTime([1, 2, 3], [1, 2, 3]))
        #expect(!isEqualInConstantTime([1, 2, 3], [1, 2, 4]))
        #expect(!isEqualInConstantTime([1, 2, 3], [0, 2, 3]))
        #expect(!isEqualInConstantTime([1, 2], [1, 2, 3]))
    }

    @Test(
        "An address to listen on is a host and a port",
        arguments: [
            ("127.0.0.1:7300", "127.0.0.1", 7300), ("[::1]:0", "::1", 0), ("a.example:65535", "a.example", 65535),
        ]
    )
    func listen(text: String, host: String, port: Int) throws {
        let options = try #require(ServeOptions(listen: text))
        #expect(options.host == host && options.port == port)
    }

    @Test("What is no address is refused", arguments: ["", "7300", ":7300", "host:", "host:65536", "host:-1"])
    func badListen(text: String) { #expect(ServeOptions(listen: text) == nil) }
}
