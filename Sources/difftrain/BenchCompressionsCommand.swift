import ArgumentParser
import Communication
import Configs
import Training

extension BenchCommand {
    /// Measures codecs.
    struct Codecs: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "compressions",
            abstract: "What codecs of values cost and how far they err, with their defaults, on one thread.",
            discussion: """
                Random numbers are encoded and decoded in parts as rounds cut them, of at most 512 KiB after compression. GB/s counts \
                the bytes of the float32 values. MSE is the mean squared error, bias the mean error; t3 is Student's t distribution \
                with 3 degrees of freedom, whose rare large numbers resemble those of gradients.

                Examples:
                  difftrain bench compressions
                  difftrain bench compressions --compression int8-block ternary --values 1000000 --json
                """
        )

        @Option(help: "How many numbers of each kind.")
        var values = 1 << 22

        @Option(help: "How long to encode, and to decode, with each codec, in seconds; at least three times.")
        var seconds = 1.0

        @Option(
            parsing: .upToNextOption,
            help: "The codecs; see 'difftrain config methods compression' (default: all)."
        )
        var compression: [String] = []

        @Flag(help: "Print one JSON object a line.")
        var json = false

        func validate() throws {
            try BenchCommand.check(seconds)
            guard (1...CompressionBenchmark.largestCount).contains(values) else {
                throw ValidationError("--values must be 1 to \(CompressionBenchmark.largestCount), not \(values)")
            }
            for name in compression { _ = try BenchCommand.codec(name) }
        }

        func run() throws {
            let names = compression.isEmpty ? Compressions.methodNames : compression
            let codecs = try names.map(BenchCommand.codec)
            let benchmark = CompressionBenchmark(count: values, seconds: seconds)
            if !json { Output.line(CompressionFigures.header) }
            for codec in codecs {
                let figures = try benchmark.run(codec)
                if json { try Output.json(figures) } else { Output.line(figures.row) }
            }
        }
    }

    /// A codec with its defaults.
    static func codec(_ name: String) throws -> any Compression {
        guard let type = Compressions.method(named: name), let codec = type.init() as? any Compression else {
            let known = Compressions.methodNames.joined(separator: ", ")
            throw ValidationError("there is no codec '\(name)'; choose from \(known)")
        }
        return codec
    }
}
