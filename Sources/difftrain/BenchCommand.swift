import ArgumentParser
import Foundation
import Tensors
import Training

/// Measures how fast this machine computes.
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measures how fast this machine computes.",
        discussion: """
            Example:
              difftrain bench step --model unet-small --threads 2 --json
            """,
        subcommands: [Step.self, Kernels.self]
    )

    struct Step: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Whole training steps: noise, forward, loss, backward, AdamW and one average.",
            discussion: """
                Example:
                  difftrain bench step --model dit-s --threads 2 --seconds 30
                """
        )

        @Option(help: "The network: dit-s, dit-tiny, unet-medium, unet-small or vae.")
        var model = "dit-tiny"

        @Option(help: "Samples of a step (default: the network's usual).")
        var batch: Int?

        @Option(help: "How long to measure, in seconds.")
        var seconds = 10.0

        @Option(help: "The element type: float32, or bfloat16 for products and stored activations.")
        var precision = "float32"

        @Flag(help: "Print one JSON object.")
        var json = false

        @OptionGroup var threads: ThreadOptions

        func validate() throws {
            guard ComputeType(rawValue: precision) != nil else {
                throw ValidationError("--precision must be float32 or bfloat16, not '\(precision)'")
            }
            if let batch, !(1...65_536).contains(batch) {
                throw ValidationError("--batch must be 1 to 65536, not \(batch)")
            }
            try BenchCommand.check(seconds)
        }

        func run() throws {
            guard let workload = Workload.all.first(where: { $0.name == model }) else {
                let known = Workload.all.map(\.name).joined(separator: ", ")
                throw ValidationError("there is no network '\(model)' to measure; choose from \(known)")
            }
            try threads.compute {
                let compute = ComputeType(rawValue: precision) ?? .float32
                let line = try StepBenchmark(workload, batch: batch, compute: compute).run(
                    seconds: seconds,
                    threads: threads.count
                )
                try BenchCommand.show(line, json: json)
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

    fileprivate static func check(_ seconds: Double) throws {
        guard seconds > 0, seconds <= 3600 else {
            throw ValidationError("--seconds must be above 0 and at most 3600, not \(seconds)")
        }
    }

    fileprivate static func show(_ line: BenchmarkLine, json: Bool) throws {
        guard !json else { return try Output.json(line) }
        let settings = line.config.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
        var words = ["\(line.name)  \(settings)", "median \(milliseconds(line.median)) ms", "n=\(line.n)"]
        if let rate = line.imagesPerS { words.append("\(Int(rate.rounded())) images/s") }
        if let gflops = line.gflops { words.append("\(Int(gflops.rounded())) GFLOP/s") }
        Output.line(words.joined(separator: "  "))
    }

    private static func milliseconds(_ seconds: Double) -> Double { (seconds * 1e5).rounded() / 100 }
}
