import Foundation
import TestSupport
import Testing

@Suite("difftrain sample, evaluate and plot", .serialized, .timeLimit(.minutes(2)))
struct ModelTests {
    private let bench: Bench

    init() async throws {
        bench = try Bench()
        try await bench.train()
    }

    @Test("draw samples as PNG: the same for the same seed, others for others")
    func sample() async throws {
        let line = "sample run --count 4 --labels 0,3 --steps 2 --threads 1"
        for (name, flags) in [
            ("a", ""), ("b", "--seed 1"), ("c", "--seed 2"), ("d", "--average parameters"), ("e", "--sampler euler"),
            ("f", "--guidance 4"), ("h", "--sampler ddim"), ("i", #"--sampler {"type":"ddim","eta":1}"#),
        ] {
            let result = try await bench.difftrain("\(line) --out \(name).png \(flags)")
            result.succeeds()
            #expect(result.errors == "Wrote 4 samples to \(name).png.\n" && result.output.isEmpty)
            #expect(try bench.isPNG("\(name).png"))
        }
        #expect(try bench.directory.read("a.png") == bench.directory.read("b.png"))
        #expect(try bench.directory.read("a.png") != bench.directory.read("c.png"))
        // The flat pictures of a network that has learned nothing may be the same for other weights, but not for another sampler.
        #expect(try bench.directory.read("a.png") != bench.directory.read("e.png"))
        #expect(try bench.directory.read("h.png") != bench.directory.read("i.png"))
        try await bench.difftrain("sample run/checkpoints/000000000012 --count 1 --steps 1 --out g.png").succeeds()
    }

    @Test("refuse what cannot be drawn")
    func refuses() async throws {
        try await bench.difftrain("sample none --out a.png").fails(2, "none holds no checkpoint yet")
        try await bench.difftrain("sample run --out a.png --labels 17").fails(2, "from 0 to 9, not '17'")
        try await bench.difftrain("sample run --out a.png --labels ,").fails(2, "--labels names no class")
        try await bench.difftrain("sample run --out a.png --count 0").fails(2, "--count must be 1 to 100000")
        try await bench.difftrain("sample run --out a.png --steps 0").fails(2, "--steps must be 1 to 100000")
        try await bench.difftrain("sample run --out a.png --sampler nope")
            .fails(2, "known names are 'ancestral', 'ddim'")
        try await bench.difftrain(#"sample run --out a.png --sampler {"type":"ddim","eta":7}"#)
            .fails(2, "--sampler:1: eta: expected a number from 0 to 1, found 7.0")
        try await bench.difftrain("sample run --out a.png --guidance nan").fails(2, "weight")
        try await bench.difftrain("sample run --out a.png --average average-7").fails(2, "parameters, average-0")
        try await bench.difftrain("sample run --out none/a.png --count 1 --steps 1").fails(2, "none/a.png")
        #expect(try !bench.directory.names().contains("a.png"))
    }

    @Test("judge samples, as text or as JSON")
    func evaluate() async throws {
        let flags = "--count 4 --steps 1 --sampler euler --guidance 1 --seed 5 --average parameters --threads 1"
        let json = try await bench.difftrain("evaluate run --json \(flags)")
        json.succeeds()
        let object = try json.object()
        #expect(object["samples"] as? Int == 4 && object["trained_samples"] as? Int == 24)
        let accuracy = try #require(object["label_accuracy"] as? Double)
        #expect((0...1).contains(accuracy))
        #expect(try #require(object["frechet_distance"] as? Double) > 0)
        let text = try await bench.difftrain("evaluate run --metrics label_accuracy \(flags)")
        text.succeeds()
        #expect(text.output.contains("label_accuracy") && !text.output.contains("frechet_distance"))
        try await bench.difftrain("evaluate run --metrics nope").fails(2, "there is no metric 'nope'")
        try await bench.difftrain("evaluate run --count 1").fails(2, "--count must be 2")
        try await bench.difftrain("evaluate none").fails(2, "none holds no checkpoint yet")
    }

    @Test("draw the curves of a run")
    func plot() async throws {
        let result = try await bench.difftrain("plot run --out curves.png")
        result.succeeds()
        #expect(result.errors.hasSuffix("curves to curves.png.\n"))
        #expect(try bench.isPNG("curves.png"))
        try await bench.difftrain("plot none --out curves.png").fails(2, "none/run.jsonl")
    }
}
