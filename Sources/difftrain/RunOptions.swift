import ArgumentParser
import Configs
import Diffusion
import Foundation
import Training

/// The run file and what is changed in it.
struct RunFileOptions: ParsableArguments {
    @Argument(help: "The run file.", completion: .file(extensions: ["yaml", "yml"]))
    var file: String

    @Option(
        name: .customLong("set"),
        help: "Changes one value of the run file, as in 'batch.global=256'; may be repeated."
    )
    var overrides: [String] = []

    /// The run file with its changes.
    func load() throws(ConfigError) -> RunConfig {
        try RunConfig(contentsOf: file, overrides: overrides)
    }
}

/// How many threads compute.
struct ThreadOptions: ParsableArguments {
    @Option(help: "Threads that compute (default: the processor's).")
    var threads: Int?

    func validate() throws {
        guard let threads, !(1...1024).contains(threads) else { return }
        throw ValidationError("--threads must be 1 to 1024, not \(threads)")
    }

    /// The number of threads that compute.
    var count: Int { threads ?? ProcessInfo.processInfo.activeProcessorCount }

    /// Runs `body` with a backend of so many threads.
    func compute<Result>(_ body: () throws -> Result) throws -> Result {
        try ComputeScope.run(threads: count, body)
    }
}

/// A directory or checkpoint to draw from.
struct ModelOptions: ParsableArguments {
    @Argument(help: "A run directory or a checkpoint.", completion: .directory)
    var directory: String

    @Option(help: "Which weights: 'parameters' or 'average-0', 'average-1', ... (default: the first average).")
    var average: String?

    @Option(
        help: """
            Another sampler than the run file's, as in 'heun' or '{type: heun, steps: 18}'; see 'difftrain config methods sampler'.
            """
    )
    var sampler: String?

    @Option(help: "Steps of the sampler.")
    var steps: Int?

    @Option(help: "Guidance weight; 1 is none.")
    var guidance: Double?

    @Option(help: "Seed of the noise.")
    var seed: UInt64 = 1

    func validate() throws {
        if let steps, !(1...100_000).contains(steps) {
            throw ValidationError("--steps must be 1 to 100000, not \(steps)")
        }
    }

    /// Opens the weights.
    func open() throws(TrainingError) -> TrainedModel {
        try TrainedModel(directory, weights: average)
    }

    /// What to draw, with these options.
    func request(labels: [Int]) throws -> SampleRequest {
        var request = SampleRequest(labels: labels, seed: seed)
        request.steps = steps
        request.sampler = try sampler.map { text in
            try ConfigDecoder.decode(methodOf: Samplers.self, from: text, file: "--sampler")
        }
        request.guidance = try guidance.map { try classifierFree(weight: $0) }
        return request
    }

    private func classifierFree(weight: Double) throws(ConfigError) -> any Guidance {
        var guidance = ClassifierFree()
        guidance.weight = weight
        try guidance.validate()
        return guidance
    }
}
