import Buffers
import Configs
import Diffusion
import Networks
import Synchronization
import Tensors
import TestSupport
import Testing

@testable import Training

@Suite("Benchmarks", .serialized)
struct BenchmarkTests {
    private let tiny: Workload

    init() throws {
        tiny = try #require(Workload.all.first { $0.name == "dit-tiny" })
    }

    // A block of the transformer has products of 12 width^2 weights a token and of 6 width^2 a sample. Weights are used three times, forward
    // and for two gradients; the patches' own gradient is not wanted.
    @Test("count the operations of a step")
    func operations() throws {
        let (batch, tokens, width, depth, hidden) = (3, 16, 128, 4, 256)
        let line = try ComputeScope.run(threads: 1) {
            try StepBenchmark(tiny, batch: batch).run(seconds: 0.001, threads: 1)
        }
        let inBlocks = depth * (12 * width * width * tokens + 6 * width * width)
        let around = (hidden * width + width * width) + 2 * width * width + width * 4 * tokens
        let patches = 4 * width * tokens
        let products = 2 * batch * (3 * (inBlocks + around) + 2 * patches)
        let attention = 14 * batch * depth * tokens * tokens * width
        let expected = 1e-9 * Double(products + attention)
        let found = try #require(line.gflop)
        // The gradient for the features of the noise level is not wanted either: 0.2 percent.
        #expect(abs(found - expected) < 0.01 * expected, "\(found) instead of \(expected)")
        let peak = try #require(line.gemmPeakGflops)
        #expect(peak > 0)
        #expect(line.gflops == found / line.median)
        #expect(line.shareOfPeak == found / line.median / peak)
        #expect(try #require(line.firstStepS) > 0)
        #expect(line.profile == nil && line.peakRssMb > 10)
    }

    @Test("tell where all the time of a step goes", arguments: ["dit-tiny", "unet-small", "vae"])
    func profile(name: String) throws {
        let workload = try #require(Workload.all.first { $0.name == name })
        let line = try ComputeScope.run(threads: 1) {
            try StepBenchmark(workload, batch: 1).run(seconds: 0.001, threads: 1, profiled: true)
        }
        let profile = try #require(line.profile)
        for part in profile.parts { #expect(part.seconds > 0, "\(part.name)") }
        let total = profile.parts.reduce(0) { $0 + $1.seconds }
        // Reading the clocks around a step is outside its profile.
        #expect(total <= line.max && total >= 0.98 * line.min)
        #expect(profile.products > total / 10)
        let table = line.text.split(separator: "\n").dropFirst()
        #expect(table.count == 9 && Set(table.map(\.count)).count == 1, "\(line.text)")
        #expect(table.last?.hasSuffix(" 100.0 %") == true)
    }

    @Test("draw samples without a tape, one evaluation a step, and take no memory after the first")
    func sampling() throws {
        try ComputeScope.run(threads: 2) {
            let bench = try #require(try SampleBenchmark(tiny, batch: 2))
            let watched = WatchedDenoiser(model: bench.model)
            bench.draw(watched, steps: 6)
            let seen = watched.seen
            #expect(seen.rows == Array(repeating: 2, count: 6))
            #expect(!seen.recorded)
            // The second evaluation begins with all memory of the first step back in the pool, but for the image it works on.
            #expect(Set(seen.misses.dropFirst(2)).count == 1, "\(seen.misses)")
        }
    }

    @Test("measure drawing with Euler's method for transformers and DDIM for U-Nets, and not with autoencoders")
    func samplers() throws {
        let samplers = Workload.all.map { workload in
            workload.sampling.map { type(of: $0.sampler).name } ?? "none"
        }
        #expect(
            Dictionary(uniqueKeysWithValues: zip(Workload.all.map(\.name), samplers)) == [
                "dit-s": "euler", "dit-tiny": "euler", "unet-medium": "ddim", "unet-small": "ddim", "vae": "none",
            ]
        )
        let autoencoder = try #require(Workload.all.first { $0.name == "vae" })
        let none = try SampleBenchmark(autoencoder, batch: 1)
        #expect(none == nil)
        let line = try ComputeScope.run(threads: 1) {
            try #require(try SampleBenchmark(tiny, batch: 1)).run(steps: 2, seconds: 0.001, threads: 1)
        }
        #expect(line.name == "sample" && line.config["steps"] == "2" && line.n >= 3)
        #expect(try #require(line.shareOfPeak) > 0)
    }

    @Test("refuse floors of workloads that do not exist, and shares that are none")
    func floors() throws {
        let floors = try decode("step: {dit-tiny: 0.5}\nsample: {dit-s: 0.25}")
        #expect(floors.step == ["dit-tiny": 0.5] && floors.sample == ["dit-s": 0.25])
        for (text, words) in [
            ("step: {dit-tin: 0.5}", "did you mean 'dit-tiny'"), ("sample: {dit-s: 0}", "above 0"),
            ("steps: {}", "did you mean 'step'"), ("step: {vae: much}", "number"),
        ] {
            let error = #expect(throws: ConfigError.self) { try decode(text) }
            #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
        }
    }

    @Test("say how far below its floor a measurement is")
    func check() throws {
        var line = BenchmarkLine(name: "train_step", config: ["model": "dit-tiny"], times: [0.1])
        line.rate(operations: 4_000_000_000, repetitions: 1, peak: 100)
        var floors = BenchmarkFloors()
        let missing = #expect(throws: TrainingError.self) { try floors.check(line) }
        #expect(missing?.description == "no floor is given for train_step of dit-tiny; add one to the file")
        #expect(missing?.isUsage == true)
        floors.step = ["dit-tiny": 0.4]
        try floors.check(line)
        floors.step = ["dit-tiny": 0.41]
        let error = #expect(throws: TrainingError.self) { try floors.check(line) }
        #expect(error?.isUsage == false)
        #expect(error?.description.hasPrefix("train_step of dit-tiny reached 40.0 % of the GEMM peak, ") == true)
    }

    private func decode(_ text: String) throws -> BenchmarkFloors {
        try ConfigDecoder.decode(BenchmarkFloors.self, from: text, file: "floors.yaml")
    }
}

/// A network that notes what it was called with.
private final class WatchedDenoiser: Denoiser {
    struct Seen {
        var rows: [Int] = []
        var misses: [Int] = []
        var recorded = false
    }

    private let model: any Denoiser
    private let notes = Mutex(Seen())

    init(model: any Denoiser) {
        self.model = model
    }

    var seen: Seen { notes.withLock { $0 } }
    var inputChannels: Int { model.inputChannels }
    var outputChannels: Int { model.outputChannels }

    func callAsFunction(
        _ x: Tensor,
        noiseLabel: Tensor,
        condition: Condition,
        _ context: ForwardContext
    ) -> Tensor {
        let result = model(x, noiseLabel: noiseLabel, condition: condition, context)
        let isRecorded = x.isRecorded || result.isRecorded || context.tape != nil
        let (rows, misses) = (x.shape[0], Compute.backend.counters.poolMisses)
        notes.withLock {
            $0.rows.append(rows)
            $0.misses.append(misses)
            $0.recorded = $0.recorded || isRecorded
        }
        return result
    }
}
