import ArgumentParser
import Tensors
import Training

extension BenchCommand {
    /// Measures drawing samples.
    struct Sample: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Drawing samples: deterministic steps from noise to images, one evaluation each.",
            discussion: """
                Transformers are sampled by Euler's method, U-Nets by DDIM.

                Examples:
                  difftrain bench sample --model dit-tiny --steps 50 --json
                  difftrain bench sample --model unet-small --check Tests/Goldens/ratios.yaml
                """
        )

        @Option(help: "The network: dit-s, dit-tiny, unet-medium or unet-small.")
        var model = "dit-tiny"

        @Option(help: "Steps from noise to an image.")
        var steps = 50

        @Option(help: "Samples drawn together (default: the network's usual).")
        var batch: Int?

        @Option(help: "How long to measure, in seconds; at least three batches are drawn.")
        var seconds = 10.0

        @OptionGroup var precision: PrecisionOptions

        @Flag(help: "Print one JSON object.")
        var json = false

        @OptionGroup var floors: FloorOptions

        @OptionGroup var threads: ThreadOptions

        func validate() throws {
            guard (1...100_000).contains(steps) else {
                throw ValidationError("--steps must be 1 to 100000, not \(steps)")
            }
            try BenchCommand.check(batch: batch)
            try BenchCommand.check(seconds)
        }

        func run() throws {
            let workload = try BenchCommand.workload(model)
            let floors = try self.floors.load()
            try threads.compute {
                guard let benchmark = try SampleBenchmark(workload, batch: batch, compute: precision.compute)
                else {
                    throw ValidationError("'\(model)' draws no samples; measure its steps with 'difftrain bench step'")
                }
                let line = benchmark.run(steps: steps, seconds: seconds, threads: threads.count)
                try BenchCommand.show(line, json: json)
                try floors?.check(line)
            }
        }
    }

    /// What products are computed in.
    struct PrecisionOptions: ParsableArguments {
        @Option(
            help: "The element type of products and stored activations: float32 or bfloat16.",
            completion: .list(ComputeType.allCases.map(\.rawValue))
        )
        var precision = ComputeType.float32.rawValue

        /// The element type that is named.
        var compute: ComputeType { ComputeType(rawValue: precision) ?? .float32 }

        func validate() throws {
            guard ComputeType(rawValue: precision) == nil else { return }
            throw ValidationError("--precision must be float32 or bfloat16, not '\(precision)'")
        }
    }

    /// What a measurement must reach.
    struct FloorOptions: ParsableArguments {
        @Option(
            help: "A file of least shares of the GEMM peak; ends with code 1 below the share of this network.",
            completion: .file(extensions: ["yaml", "yml"])
        )
        var check: String?

        /// The floors, if a file is named.
        func load() throws -> BenchmarkFloors? { try check.map { try BenchmarkFloors(contentsOf: $0) } }
    }
}
