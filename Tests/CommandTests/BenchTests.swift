import Foundation
import TestSupport
import Testing

@Suite("difftrain bench", .serialized, .timeLimit(.minutes(3)))
struct BenchTests {
    private let bench: Bench

    init() throws { bench = try Bench() }

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
        let recomputed = try await bench.difftrain("\(line) --recompute blocks --json").object()
        let (kept, less) = (object["activations_mb"] as? Double, recomputed["activations_mb"] as? Double)
        #expect(try #require(less) < #require(kept))
        // Enough samples that the weights in bfloat16 count for little.
        let wide = try await bench.difftrain("\(line) --batch 128 --json").object()
        let narrow = try await bench.difftrain("\(line) --batch 128 --precision bfloat16 --json").object()
        #expect((narrow["config"] as? [String: String])?["dtype"] == "bf16")
        let (floats, halves) = (wide["activations_mb"] as? Double, narrow["activations_mb"] as? Double)
        #expect(try #require(halves) < 0.7 * #require(floats))
        try await bench.difftrain("\(line) --recompute mid_block").fails(2, "known values are 'blocks'")
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
        let wanted: Set = [
            "matmul", "linear", "linear_gelu", "feed_forward_and_gradient", "convolution_and_gradient", "attention",
            "layer_norm_modulated", "group_norm_silu_and_gradient", "adamw",
        ]
        #expect(wanted.isSubset(of: names.compactMap(\.self)))
        let product = try #require(result.lines.first { $0.contains("\"matmul\"") })
        #expect(product.contains("\"gemm_peak_gflops\":") && product.contains("\"share_of_peak\":"))
        try await bench.difftrain("bench kernels --seconds -1").fails(2, "--seconds")
    }

    @Test("tell what share of the machine's peak a step reaches and where its time goes")
    func profile() async throws {
        let line = "bench step --model dit-tiny --batch 1 --seconds 0.01 --threads 1 --profile"
        let json = try await bench.difftrain("\(line) --json")
        json.succeeds()
        let object = try json.object()
        for key in ["gflop", "gflops", "gemm_peak_gflops", "share_of_peak", "first_step_s", "peak_rss_mb"] {
            #expect(try #require(object[key] as? Double, "\(key)") > 0)
        }
        let profile = try #require(object["profile"] as? [String: Double])
        let parts: Set = ["products", "attention", "norm", "elementwise", "optimizer", "data", "other"]
        #expect(Set(profile.keys) == parts)
        let text = try await bench.difftrain(line)
        text.succeeds()
        #expect(text.lines.first?.contains(" % of GEMM peak  first step ") == true)
        #expect(text.lines.count == 10 && text.lines.last?.hasPrefix("  step ") == true)
    }

    @Test("measure drawing samples")
    func sample() async throws {
        let line = "bench sample --model dit-tiny --batch 1 --steps 2 --seconds 0.01 --threads 1"
        let json = try await bench.difftrain("\(line) --json")
        json.succeeds()
        let object = try json.object()
        #expect(object["name"] as? String == "sample" && object["unit"] as? String == "s")
        #expect((object["config"] as? [String: String])?["steps"] == "2")
        #expect(try #require(object["images_per_s"] as? Double) > 0)
        #expect(try #require(object["share_of_peak"] as? Double) > 0)
        #expect(try await bench.difftrain(line).output.contains(" images/s"))
        try await bench.difftrain("bench sample --model nope").fails(2, "there is no network 'nope'")
        try await bench.difftrain("bench sample --model vae").fails(2, "'vae' draws no samples")
        try await bench.difftrain("bench sample --steps 0").fails(2, "--steps must be 1 to 100000")
        try await bench.difftrain("bench sample --seconds 0").fails(2, "--seconds must be above 0")
        try await bench.difftrain("bench sample --batch 0").fails(2, "--batch must be 1 to 65536")
    }

    @Test("measure exchanges between peers over sockets")
    func peers() async throws {
        let line = "bench exchange --backend peers --bytes 64KiB 10kB --seconds 0.001"
        let json = try await bench.difftrain("\(line) --peers 3 --pieces 4 --compression bfloat16 --json")
        json.succeeds()
        #expect(json.lines.count == 2)
        let first = try #require(JSONSerialization.jsonObject(with: Data(json.lines[0].utf8)) as? [String: Any])
        let config = try #require(first["config"] as? [String: String])
        #expect(first["name"] as? String == "mean_peers" && first["unit"] as? String == "s")
        #expect(
            config == [
                "backend": "peers", "compression": "bfloat16", "mib": "0.0625", "pieces": "4", "procs": "3",
            ]
        )
        for key in ["median", "min", "max", "algbw_gb_s", "busbw_gb_s", "largest_error"] {
            #expect(try #require(first[key] as? Double, "\(key)") > 0)
        }
        let text = try await bench.difftrain(line)
        text.succeeds()
        #expect(text.lines.count == 3 && text.lines[0].hasPrefix("     MiB  exchange"))
    }

    @Test("measure exchanges between ranks, here one alone")
    func ranks() async throws {
        let line = "bench exchange --backend mpi --bytes 64KiB --seconds 0.001"
        let alone = try await bench.difftrain("\(line) --against mpi-allreduce --json")
        #expect(alone.code == 0 && alone.lines.count == 3)
        #expect(alone.lines[1].contains("\"mpi_allreduce\"") && alone.lines[2].contains("\"mpi_allreduce/mean_mpi\""))
        #expect(alone.errors.hasPrefix("This is rank 0 of 1 and exchanges with nobody; "))
        let text = try await bench.difftrain("\(line) --against mpi-allreduce")
        #expect(text.lines.count == 4 && text.lines[3].contains(", half of the turns "))
    }

    @Test("measure codecs")
    func codecs() async throws {
        let line = "bench compressions --values 20000 --seconds 0.001"
        let json = try await bench.difftrain("\(line) --compression int8-block float32 --json")
        json.succeeds()
        #expect(json.lines.count == 2)
        let first = try #require(JSONSerialization.jsonObject(with: Data(json.lines[0].utf8)) as? [String: Any])
        let config = first["config"] as? [String: String]
        #expect(config == ["compression": "int8-block", "threads": "1", "values": "20000"])
        for key in ["bits_per_value", "encode_gb_s", "decode_gb_s", "mse_normal", "mse_t3"] {
            #expect(try #require(first[key] as? Double, "\(key)") > 0)
        }
        #expect(first["bias_normal"] is Double && first["name"] as? String == "compression")
        let text = try await bench.difftrain(line)
        text.succeeds()
        let rows = text.lines.dropFirst().compactMap { $0.split(separator: " ").first.map(String.init) }
        #expect(text.lines.first?.hasPrefix("compression ") == true && rows == rows.sorted())
        #expect(Set(rows).isSuperset(of: ["bfloat16", "float32", "int8-block", "ternary"]))
        for (flags, words) in [
            ("--values 0", "--values must be 1 to 67108864, not 0"), ("--seconds 0", "--seconds must be above 0"),
            ("--compression zip", "there is no codec 'zip'; choose from bfloat16, float16, float32, int8-block"),
        ] { try await bench.difftrain("bench compressions \(flags)").fails(2, words) }
    }

    @Test("refuse exchanges that cannot be measured")
    func refusedExchanges() async throws {
        for (flags, words) in [
            ("--seconds 0", "--seconds must be above 0"), ("--bytes 3B", "--bytes must be whole float32 values"),
            ("--bytes 64", "as in '64MiB', not '64'"), ("--bytes 8GiB", "up to 4GiB"),
            ("--compression zip", "there is no codec 'zip'; choose from bfloat16, float"),
            ("--peers 2", "--peers is for '--backend peers'"),
            ("--backend peers --peers 0", "--peers must be 1 to 256"),
            ("--pieces 0", "--pieces must be 1 to 65536"), ("--bucket 1", "--bucket must be"),
            ("--backend peers --against mpi-allreduce", "--against is for '--backend mpi'"),
            ("--backend peers --path memory", "--path and --bucket are for '--backend mpi'"),
        ] { try await bench.difftrain("bench exchange \(flags)").fails(2, words) }
    }

    @Test("end with 1 below a floor, and with 0 above it", arguments: ["step", "sample --steps 2"])
    func floors(command: String) async throws {
        let name = command.split(separator: " ")[0]
        try bench.directory.write(Array("\(name): {dit-tiny: 1.0e-6}".utf8), to: "low.yaml")
        try bench.directory.write(Array("\(name): {dit-tiny: 4}".utf8), to: "high.yaml")
        try bench.directory.write(Array("\(name): {dit-s: 4}".utf8), to: "other.yaml")
        let line = "bench \(command) --model dit-tiny --batch 1 --seconds 0.01 --threads 1 --check"
        let passed = try await bench.difftrain("\(line) low.yaml")
        passed.succeeds()
        let failed = try await bench.difftrain("\(line) high.yaml")
        #expect(failed.code == 1 && failed.lines.count == 1)
        #expect(failed.errors.contains(" of the GEMM peak, expected at least 400.0 %"))
        #expect(failed.errors.filter { $0 == "\n" }.count == 1)
        #expect(try await bench.difftrain("\(line) other.yaml").code == 2)
        try await bench.difftrain("\(line) none.yaml").fails(2, "none.yaml")
    }

    @Test("have floors for all networks in the repository")
    func kept() throws {
        let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let text = try String(contentsOf: here.appendingPathComponent("../Goldens/ratios.yaml"), encoding: .utf8)
        for name in ["dit-s", "dit-tiny", "unet-medium", "unet-small", "vae"] {
            #expect(text.contains("  \(name): 0."), "\(name)")
        }
    }
}
