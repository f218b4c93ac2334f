import Buffers
import Coordination
import Foundation
import TestSupport
import Testing
import Training

@testable import Worker

/// A coordinator that runs as a child process with a run of the digits, and workers that join it.
struct Scene {
    let directory: TestDirectory
    let coordinator: ChildProgram
    let address: String

    /// The run file; a round has 12 samples.
    static func yaml(length: Int, communication: String = "{}") -> String {
        """
        name: scene
        seed: 7
        length: \(length) samples
        data: digits
        model: {type: dit, width: 16, depth: 1, heads: 2, patch: 4}
        optimizer: {type: adamw, rate: 1.0e-2}
        rate_schedule: {type: warmup-cosine, warmup: 24 samples}
        averages: [{type: switch, decay: 0.5, every: 36 samples}]
        batch: {global: 12, micro: 6}
        checkpoint: {every: 240 samples, keep: 2}
        evaluation: {every: 480 samples, sheet: 4, sampler: {type: euler, steps: 2}}
        report: {every: 120 samples}
        communication: \(communication)

        """
    }

    init(length: Int, communication: String = "{}") async throws {
        let directory = try TestDirectory()
        self.directory = directory
        try directory.write(Array(Scene.yaml(length: length, communication: communication).utf8), to: "run.yaml")
        let made = try await ChildProgram.run(
            "difftrain-coordinator",
            ["init", "run.yaml", "--out", "run"],
            in: directory.path
        )
        try #require(made.code == 0, "\(made.errors)")
        coordinator = try ChildProgram(
            "difftrain-coordinator",
            ["serve", "run", "--listen", "127.0.0.1:0", "--port-file", "port"],
            in: directory.path
        )
        let text = try await poll { try? String(decoding: directory.read("port"), as: UTF8.self) }
        address = "127.0.0.1:" + (try #require(text).trimmingCharacters(in: .newlines))
    }

    /// A worker process with a cache of its own.
    func join(_ name: String) throws -> ChildProgram {
        try ChildProgram(
            "difftrain-worker",
            ["join", address, "--token", "run/keys/worker.token", "--cache", name, "--threads", "1"],
            in: directory.path
        )
    }

    /// Talks to the coordinator as a worker does, without having joined.
    func client() throws -> CoordinatorClient {
        let token = directory.file("run/keys/worker.token")
        let config = try WorkerConfig(address: address, tokenFile: token, cache: directory.file("cache"))
        return CoordinatorClient(config, until: StopSignal())
    }

    /// Waits until the run's status is as wished and returns it.
    func status(_ client: CoordinatorClient, until isReached: (StatusReply) -> Bool) async throws -> StatusReply {
        let reached = try await poll(seconds: 300) {
            let status = try client.get("/v1/status", as: StatusReply.self)
            return isReached(status) ? status : nil
        }
        return try #require(reached)
    }

    /// Trains the same run in one process and compares: only the order of additions differs.
    ///
    /// The bias of the attention's keys does not change its output; what moves it is rounding alone, so it is left out.
    func expectSameWeights() async throws {
        let alone = try await ChildProgram.run(
            "difftrain-worker",
            ["run.yaml", "--out", "alone"],
            in: directory.path
        )
        try #require(alone.code == 0, "\(alone.errors)")
        let expected = try TrainedModel(directory.file("alone"), weights: "parameters")
        let found = try TrainedModel(directory.file("run"), weights: "parameters").weights.floats
        let bias = try #require(expected.recipe.layout["blocks.0.attn.qkv.bias"]).range
        let third = bias.count / 3
        let keys = bias.dropFirst(third).prefix(third)
        let (reference, count) = (expected.weights.floats, expected.weights.count)
        try #require(found.count == count)
        let sum = { (term: (Int) -> Double) in
            (0..<count).reduce(0) { keys.contains($1) ? $0 : $0 + term($1) * term($1) }
        }
        let distance = sum { Double(found[$0]) - Double(reference[$0]) }
        // Single-precision sums differ by some 1e-7 a step, over a hundred steps.
        #expect((distance / sum { Double(reference[$0]) }).squareRoot() < 1e-5)
    }
}
