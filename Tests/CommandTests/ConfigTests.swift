import Foundation
import TestSupport
import Testing

@Suite("difftrain config", .serialized, .timeLimit(.minutes(2)))
struct ConfigTests {
    private let bench: Bench

    init() throws { bench = try Bench() }

    @Test("check a run file, with its changes")
    func validate() async throws {
        let valid = try await bench.difftrain("config validate tiny.yaml --set batch.micro=3")
        valid.succeeds()
        #expect(valid.output == "tiny.yaml is valid\n")
        try await bench.difftrain("config validate tiny.yaml --set batch.micro=0").fails(2, "batch.micro")
        try await bench.difftrain("config validate tiny.yaml --set model.type=did").fails(2, "'dit'")
        try bench.directory.write(Array("length: [".utf8), to: "broken.yaml")
        try await bench.difftrain("config validate broken.yaml").fails(2, "broken.yaml")
    }

    @Test("spell out every default in a form that means the same run")
    func resolve() async throws {
        let resolved = try await bench.difftrain("config resolve tiny.yaml --set seed=9")
        resolved.succeeds()
        #expect(resolved.lines.contains("seed: 9") && resolved.lines.contains("  mlp_ratio: 4.0"))
        try bench.directory.write(Array(resolved.output.utf8), to: "resolved.yaml")
        #expect(try await bench.difftrain("config resolve resolved.yaml").output == resolved.output)
        let difference = try await bench.difftrain("config diff tiny.yaml resolved.yaml")
        #expect(difference.code == 1)
        #expect(difference.output == "- seed: 7\n+ seed: 9\n")
        let none = try await bench.difftrain("config diff tiny.yaml tiny.yaml")
        none.succeeds()
        #expect(none.output.isEmpty)
        try await bench.difftrain("config diff tiny.yaml none.yaml").fails(2, "none.yaml")
    }

    @Test("list the slots and their methods, and show one with its defaults")
    func methods() async throws {
        let slots = try await bench.difftrain("config methods")
        slots.succeeds()
        #expect(slots.lines.contains { $0.hasPrefix("weighting: ") && $0.contains("min-snr") })
        let samplers = try await bench.difftrain("config methods sampler")
        #expect(samplers.lines.contains("ddim  Denoising Diffusion Implicit Models (2021)"))
        let method = try await bench.difftrain("config show weighting min-snr")
        method.succeeds()
        #expect(method.lines == ["type: min-snr", "gamma: 5.0", "soft: false"])
        try await bench.difftrain("config methods nope").fails(2, "there is no slot 'nope'")
        try await bench.difftrain("config show weighting nope").fails(2, "there is no 'nope' in weighting")
    }
}
