import Buffers
import Communication
import Configs
import Networks
import Tensors

@testable import Training

/// A run small enough for a test: the smallest transformer on the digits.
enum TinyRun {
    static func config(length: UInt64 = 96, batch: Int = 12, micro: Int = 5, decay: Double = 0.5) throws -> RunConfig {
        let text = """
            seed: 7
            length: \(length) samples
            data: digits
            model: {type: dit, width: 16, depth: 1, heads: 2, patch: 4}
            optimizer: {type: adamw, rate: 1.0e-2}
            rate_schedule: {type: warmup-cosine, warmup: 24 samples}
            averages: [{type: switch, decay: \(decay), every: 36 samples}]
            batch: {global: \(batch), micro: \(micro)}
            checkpoint: {every: 24 samples, keep: 2}
            evaluation: {every: 1Mi}
            report: {every: 12 samples}
            """
        return try RunConfig(parsing: text, file: "tiny.yaml")
    }

    /// The parameters and the average after `steps` steps with a number of threads.
    static func train(_ config: RunConfig, steps: Int, threads: Int = 1) throws -> [Float] {
        try ComputeScope.run(threads: threads) {
            let trainer = try Trainer(Recipe(config), communicator: SingleCommunicator())
            try take(steps, with: trainer)
            return trainer.state.parameters.floats + trainer.state.evaluated.floats
        }
    }

    /// Takes up to `steps` steps from where a trainer stands.
    static func take(
        _ steps: Int,
        with trainer: Trainer,
        in group: any Communicator = SingleCommunicator(),
        stop: StopSignal = StopSignal()
    ) throws {
        let work = ScheduledWork(
            group,
            batch: trainer.recipe.config.batch.global,
            from: trainer.state.progress,
            until: stop
        )
        for _ in 0..<steps {
            guard let next = try work.next() else { return }
            try work.complete(next, trainer.step(next))
        }
    }
}
