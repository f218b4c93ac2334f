import Buffers
import Configs
import Datasets

/// The micro-batches of a trainer's samples.
final class BatchSource {
    private let loader: BatchLoader
    private let micro: Int

    init(_ recipe: Recipe, readers: Int) throws(TrainingError) {
        do {
            loader = try BatchLoader(
                source: recipe.config.data,
                image: recipe.image,
                seed: recipe.config.seed,
                threads: readers
            )
        } catch {
            throw .data(error)
        }
        micro = recipe.config.batch.micro
    }

    /// Calls `body` with each micro-batch of a range of samples, in order.
    func forEach(in samples: Range<UInt64>, _ body: (Batch) throws(TrainingError) -> Void) throws(TrainingError) {
        let batches = loader.batches(samples: samples, micro: micro)
        while let batch = try next(batches) { try body(batch) }
    }

    private func next(_ batches: BatchSequence) throws(TrainingError) -> Batch? {
        do {
            return try batches.next()
        } catch {
            throw .data(error)
        }
    }
}
