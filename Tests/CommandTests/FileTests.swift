import Foundation
import TestSupport
import Testing

@Suite("difftrain checkpoint and shards", .serialized, .timeLimit(.minutes(2)))
struct FileTests {
    private let bench: Bench

    init() throws { bench = try Bench() }

    @Test("list, inspect, verify and compare checkpoints")
    func checkpoints() async throws {
        try await bench.train()
        let list = try await bench.difftrain("checkpoint list run")
        list.succeeds()
        #expect(list.lines.count == 2 && list.lines[0].hasPrefix("12 samples, step 1, "))
        #expect(try await bench.difftrain("checkpoint list run --json").lines.count == 2)
        let facts = try await bench.difftrain("checkpoint inspect run").object()
        #expect(facts["samples"] as? Int == 24 && facts["planned_samples"] as? Int == 24)
        let first = "run/checkpoints/000000000012"
        let whole = try await bench.difftrain("checkpoint verify \(first)")
        whole.succeeds()
        #expect(whole.output.hasPrefix("\(first) is whole: 12 samples, step 1, "))
        let same = try await bench.difftrain("checkpoint diff run run")
        same.succeeds()
        #expect(same.output == "the parameters are the same to the bit\n")
        let other = try await bench.difftrain("checkpoint diff run \(first) --json")
        #expect(other.code == 1 && other.errors.isEmpty)
        #expect(try other.object()["is_identical"] as? Bool == false)
    }

    @Test("find damage in checkpoints")
    func damage() async throws {
        try await bench.train()
        let path = "run/checkpoints/000000000024/model.parameters.safetensors.zst"
        var bytes = try bench.directory.read(path)
        bytes[bytes.count / 2] ^= 1
        try bench.directory.write(bytes, to: path)
        let checkpoint = "run/checkpoints/000000000024"
        try await bench.difftrain("checkpoint verify \(checkpoint)").fails(2, "the file is damaged")
        try await bench.difftrain("checkpoint inspect none").fails(2, "none holds no checkpoint yet")
        try await bench.difftrain("checkpoint list none").fails(2, "none holds no checkpoint yet")
        try await bench.difftrain("checkpoint diff run none").fails(2, "none holds no checkpoint yet")
        let facts = try await bench.difftrain("checkpoint inspect run").object()
        #expect(facts["samples"] as? Int == 12)
    }

    @Test("build, inspect and verify shards, and train from them")
    func shards() async throws {
        let built = try await bench.difftrain("shards build digits --out shards")
        built.succeeds()
        #expect(built.errors == "Wrote 1500 records in 1 shards to shards.\n")
        let manifest = try await bench.difftrain("shards inspect shards").object()
        #expect(manifest["count"] as? Int == 1500 && manifest["classes"] as? Int == 10)
        #expect(try await bench.difftrain("shards verify shards").output.contains("1500 records in 1 shards"))
        let data = "--set data.type=shard-directory --set data.path=shards"
        let run = try await bench.difftrain("config validate tiny.yaml \(data)")
        run.succeeds()
    }

    @Test("find damage in shards")
    func damagedShards() async throws {
        try await bench.difftrain("shards build digits --out shards").succeeds()
        let shard = try #require(try bench.directory.names("shards").first { !$0.hasSuffix(".json") })
        var bytes = try bench.directory.read("shards/\(shard)")
        bytes[bytes.count - 1] ^= 1
        try bench.directory.write(bytes, to: "shards/\(shard)")
        try await bench.difftrain("shards verify shards").fails(2, shard)
        try await bench.difftrain("shards verify none").fails(2, "'none'")
        try await bench.difftrain("shards inspect none").fails(2, "'none'")
        try await bench.difftrain("shards build none --out other").fails(2, "'none'")
    }
}
