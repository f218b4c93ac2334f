import Foundation
import TestSupport
import Testing

@Suite("difftrain config and bench", .serialized, .timeLimit(.minutes(2)))
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

    @Test("measure steps")
    func steps() async throws {
        let line = "bench step --model dit-tiny --batch 1 --seconds 0.01 --threads 1 --precision float32"
        let json = try await bench.difftrain("\(line) --json")
        json.succeeds()
        let object = try json.object()
        #expect(object["name"] as? String == "train_step" && object["unit"] as? String == "s")
        #expect(try #require(object["median"] as? Double) > 0)
        #expect(try await bench.difftrain(line).output.contains(" images/s"))
        let autoencoder = line.replacingOccurrences(of: "dit-tiny", with: "vae")
        #expect(try await bench.difftrain("\(autoencoder) --json").object()["params"] as? Int == 13_859_495)
        let help = try await bench.difftrain("bench step --help").output
        let refused = try await bench.difftrain("bench step --model nope")
        refused.fails(2, "there is no network 'nope'")
        for name in ["dit-s", "dit-tiny", "unet-medium", "unet-small", "vae"] {
            #expect(help.contains(name) && refused.errors.contains(name), "\(name)")
        }
        try await bench.difftrain("bench step --precision half").fails(
            2,
            "--precision must be float32 or bfloat16, not 'half'"
        )
        try await bench.difftrain("bench step --seconds 0").fails(2, "--seconds must be above 0")
        try await bench.difftrain("bench step --batch 0").fails(2, "--batch must be 1 to 65536")
    }

    @Test("measure single operations")
    func kernels() async throws {
        let result = try await bench.difftrain("bench kernels --seconds 0.001 --threads 1 --json")
        result.succeeds()
        let names = try result.lines.map { line in
            try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])["name"] as? String
        }
        #expect(names.contains("matmul") && names.count > 3)
        try await bench.difftrain("bench kernels --seconds -1").fails(2, "--seconds")
    }
}
