import Buffers
import Checkpoints
import Communication
import Configs
import Diffusion
import TestSupport
import Testing

@testable import Training

@Suite("A run of consistency training")
struct ConsistencyRunTests {
    private static let kinds = ["average", "live"]

    private func config(_ target: String, micro: Int = 5, _ overrides: [String: String] = [:]) throws -> RunConfig {
        var keys = [
            "averages": "[{type: power}, {type: consistency-target, levels: {start: 3, end: 9}}]",
            "sampler": "multistep-consistency",
            "prediction": "{type: consistency, sigma_data: 0.75}",
        ]
        keys.merge(overrides) { $1 }
        let text = """
            seed: 7
            length: 96 samples
            data: digits
            model: {type: dit, width: 16, depth: 1, heads: 2, patch: 4}
            objective:
              type: consistency-training
              schedule: {type: variance-exploding, sigma_max: 10}
              prediction: \(keys["prediction"] ?? "")
              levels: {start: 3, end: 9}
              target: \(target)
            averages: \(keys["averages"] ?? "")
            batch: {global: 12, micro: \(micro)}
            evaluation: {sampler: \(keys["sampler"] ?? ""), guidance: none}
            """
        return try RunConfig(parsing: text, file: "consistency.yaml")
    }

    @Test("has the same bits for any number of threads and stops", arguments: kinds)
    func repeats(target: String) throws {
        let config = try config(target)
        let reference = try TinyRun.train(config, steps: 6)
        #expect(try TinyRun.train(config, steps: 6, threads: 3) == reference)
        for stop in [1, 4] {
            let directory = try TestDirectory()
            let store = CheckpointStore(directory: directory.path + "/checkpoints")
            let first = try Trainer(Recipe(config), communicator: SingleCommunicator())
            try TinyRun.take(stop, with: first)
            _ = try first.save(in: store)
            let second = try Trainer(Recipe(config), communicator: SingleCommunicator())
            _ = try second.resume(from: store)
            try TinyRun.take(6 - stop, with: second)
            #expect(
                second.state.parameters.floats + second.state.evaluated.floats == reference,
                "stopped after \(stop)"
            )
        }
    }

    @Test("has the same gradient for micro-batches of any size, up to rounding", arguments: kinds)
    func microBatches(target: String) throws {
        let whole = try TinyRun.train(config(target, micro: 12), steps: 3)
        for micro in [1, 7] {
            expectClose(
                try TinyRun.train(config(target, micro: micro), steps: 3),
                whole,
                Tolerance(absolute: 1e-5, relative: 1e-4)
            )
        }
    }

    @Test("goes another way with an average as its target")
    func averageDiffers() throws {
        #expect(try TinyRun.train(config("live"), steps: 3) != TinyRun.train(config("average"), steps: 3))
    }

    @Test(
        "is refused with parts that do not fit, naming both",
        arguments: [
            (["prediction": "edm"], "'objective: consistency-training' and 'prediction: edm'"),
            (["sampler": "heun"], "'prediction: consistency' and 'evaluation: {sampler: heun}'"),
            (
                ["sampler": "{type: multistep-consistency, sigma_min: 0.1}"],
                "sampler: {type: multistep-consistency, sigma_min: 0.1}"
            ),
            (["averages": "[]"], "'averages: []'"),
            (["averages": "[power]"], "'averages: [..., power]'"),
            (
                ["averages": "[consistency-target]"],
                "averages: {type: consistency-target, levels: {start: 2, end: 150}}"
            ),
        ] as [([String: String], String)]
    )
    func refusals(overrides: [String: String], sentence: String) {
        let error = #expect(throws: ConfigError.self) { try config("average", overrides) }
        #expect(error?.description.contains(sentence) == true, "\(error?.description ?? "")")
    }

    @Test("with live parameters as target needs no average")
    func none() throws {
        #expect(throws: Never.self) { try config("live", ["averages": "[]"]) }
    }

    @Test("is what the consistency sampler needs")
    func sampler() throws {
        let text = "objective: denoising\nevaluation: {sampler: multistep-consistency}"
        let error = #expect(throws: ConfigError.self) { try RunConfig(parsing: text, file: "run.yaml") }
        let sentence = "'prediction: flow' and 'evaluation: {sampler: multistep-consistency}'"
        #expect(error?.description.contains(sentence) == true)
    }
}
