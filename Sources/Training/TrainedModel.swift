public import Buffers
import Checkpoints
import Configs
import Foundation
import Optimization

/// A network with trained weights, to draw samples from.
public struct TrainedModel {
    /// The run it belongs to.
    public let recipe: Recipe
    /// The weights.
    public let weights: FlatBuffer
    /// Samples the weights were trained on.
    public let samples: UInt64
    /// Draws and judges with its run's settings.
    public var evaluator: Evaluator { Evaluator(recipe) }

    /// Opens a run directory's newest valid checkpoint, or one checkpoint.
    ///
    /// `weights` is `parameters`, `average-0`, ... or nil for the first average, or the parameters of a run without one.
    public init(_ directory: String, weights name: String? = nil) throws(TrainingError) {
        do {
            let reader = try TrainedModel.open(directory)
            let text = String(decoding: try reader.bytes("run.yaml"), as: UTF8.self)
            let recipe = try TrainedModel.recipe(text, in: directory)
            try reader.require(Trainer.layoutFact, recipe.layout.digest, "parameters with the digest")
            let file = "model." + (try TrainedModel.weightsName(name, recipe, directory))
            weights = FlatBuffer(count: recipe.layout.count)
            try TrainState.read(weights, 0..<weights.count, recipe.layout, from: file, reader)
            self.recipe = recipe
            samples = reader.manifest.state.samples
        } catch let error as TrainingError {
            throw error
        } catch let error as CheckpointError {
            throw .checkpoint(error)
        } catch {
            preconditionFailure("unexpected \(error)")
        }
    }

    /// The checkpoint that a path means: itself, or the newest valid one of a run directory.
    static func open(_ directory: String) throws -> CheckpointReader {
        if FileManager.default.fileExists(atPath: directory + "/" + CheckpointManifest.fileName) {
            return try CheckpointReader(path: directory)
        }
        let newest = try CheckpointStore(directory: directory + "/checkpoints").newestValid()
        if let reader = newest.reader { return reader }
        if let first = newest.refused.first { throw first.error }
        throw TrainingError.noCheckpoint(directory: directory)
    }

    private static func recipe(_ text: String, in directory: String) throws(TrainingError) -> Recipe {
        do {
            return try Recipe(RunConfig(parsing: text, file: directory + "/run.yaml"))
        } catch let error as ConfigError {
            throw .config(error)
        } catch {
            throw error as? TrainingError ?? .refused("\(error)")
        }
    }

    private static func weightsName(
        _ name: String?,
        _ recipe: Recipe,
        _ directory: String
    ) throws(TrainingError) -> String {
        let averages = recipe.config.averages.indices.map { AverageTracker.name(of: $0) }
        guard let name else { return averages.first ?? "parameters" }
        let known = ["parameters"] + averages
        guard known.contains(name) else { throw .unknownWeights(name, known: known, directory: directory) }
        return name
    }
}
