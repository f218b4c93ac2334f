import ArgumentParser
import Foundation
import Training

/// Measures how fast this machine computes.
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measures how fast this machine computes.",
        discussion: """
            Rates of products are also given as shares of what large products reach in the same run, the GEMM peak.

            Example:
              difftrain bench step --model unet-small --threads 2 --json
            """,
        subcommands: [Step.self, Sample.self, Kernels.self, Exchange.self, Codecs.self]
    )

    struct Step: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Whole training steps: noise, forward, loss, backward, AdamW and one average.",
            discussion: """
                Examples:
                  difftrain bench step --model dit-s --threads 2 --seconds 30
                  difftrain bench step --model dit-tiny --profile
                  difftrain bench step --model unet-small --check Tests/Goldens/ratios.yaml
                """
        )

        @Option(help: "The network: dit-s, dit-tiny, unet-medium, unet-small or vae.")
        var model = "dit-tiny"

        @Option(help: "Samples of a step (default: the network's usual).")
        var batch: Int?

        @Option(help: "How long to measure, in seconds.")
        var seconds = 10.0

        @OptionGroup var precision: PrecisionOptions

        @Flag(help: "Also tell which kinds of work the time of a step goes to.")
        var profile = false

        @Option(parsing: .upToNextOption, help: "Kinds of blocks to compute again on the way back, to save memory.")
        var recompute: [String] = []

        @Flag(help: "Print one JSON object.")
        var json = false

        @OptionGroup var floors: FloorOptions

        @OptionGroup var threads: ThreadOptions

        func validate() throws {
            try BenchCommand.check(batch: batch)
            try BenchCommand.check(seconds)
        }

        func run() throws {
            let workload = try BenchCommand.workload(model)
            let floors = try self.floors.load()
            try threads.compute {
                let benchmark = try StepBenchmark(
                    workload,
                    batch: batch,
                    compute: precision.compute,
                    recompute: recompute
                )
                let line = benchmark.run(seconds: seconds, threads: threads.count, profiled: profile)
                try BenchCommand.show(line, json: json)
                try floors?.check(line)
            }
        }
    }

    struct Kernels: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Single operations, forward and with gradient.",
            discussion: """
                Example:
                  difftrain bench kernels --seconds 0.1 --json
                """
        )

        @Option(help: "How long to measure each, in seconds.")
        var seconds = 0.5

        @Flag(help: "Print one JSON object a line.")
        var json = false

        @OptionGroup var threads: ThreadOptions

        func validate() throws {
            try BenchCommand.check(seconds)
        }

        func run() throws {
            var failure: (any Error)?
            try threads.compute {
                KernelBenchmark.run(seconds: seconds, threads: threads.count) { line in
                    do { try BenchCommand.show(line, json: json) } catch { failure = error }
                }
            }
            if let failure { throw failure }
        }
    }

    static func check(_ seconds: Double) throws {
        guard seconds > 0, seconds <= 3600 else {
            throw ValidationError("--seconds must be above 0 and at most 3600, not \(seconds)")
        }
    }

    static func check(batch: Int?) throws {
        if let batch, !(1...65_536).contains(batch) {
            throw ValidationError("--batch must be 1 to 65536, not \(batch)")
        }
    }

    /// A network to measure.
    static func workload(_ name: String) throws -> Workload {
        guard let workload = Workload.all.first(where: { $0.name == name }) else {
            let known = Workload.all.map(\.name).joined(separator: ", ")
            throw ValidationError("there is no network '\(name)' to measure; choose from \(known)")
        }
        return workload
    }

    static func show(_ line: BenchmarkLine, json: Bool) throws {
        if json { try Output.json(line) } else { Output.line(line.text) }
    }
}
