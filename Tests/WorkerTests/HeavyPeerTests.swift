import Communication
import Coordination
import Foundation
import Glibc
import Logging
import TestSupport
import Testing
import Training

@testable import Worker

@Suite("A cluster among volunteers", .serialized, .timeLimit(.minutes(10)))
struct HeavyPeerTests {
    /// Two ranks on threads of this process; how it ended for each.
    private func start(
        _ scene: Scene,
        _ config: RunConfig,
        until stop: StopSignal
    ) -> [Task<HeavyPeer.Ending, any Error>] {
        let group = LocalGroup(size: 2)
        let token = scene.directory.file("run/keys/worker.token")
        let cache = scene.directory.file("world")
        let peer = HeavyPeer(address: scene.address, tokenFile: token, cache: cache, host: "127.0.0.1")
        return (0..<2).map { rank in
            Task {
                try await TrainerThread.run {
                    try ComputeScope.run(threads: 1) {
                        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
                        return try peer.run(config, group.member(rank), until: stop, observers: [], logger: logger)
                    }
                }
            }
        }
    }

    private func config(length: Int) throws -> RunConfig {
        try RunConfig(parsing: Scene.yaml(length: length), file: "run.yaml")
    }

    @Test("counts every sample once, with twice the weight of a volunteer, though volunteers come and are killed")
    func endToEnd() async throws {
        let length = 900
        let scene = try await Scene(length: length)
        let client = try scene.client()
        defer { client.close() }
        let ranks = start(scene, try config(length: length), until: StopSignal())
        _ = try await scene.status(client) { $0.samples > 0 }
        let volunteer = try scene.join("volunteer")
        let both = try await scene.status(client) { status in
            status.workers.count == 2 && status.workers.allSatisfy { $0.contributed > 0 }
        }
        #expect(both.workers.map { $0.ranks ?? 1 }.sorted() == [1, 2])
        try #require(both.samples < UInt64(length))
        volunteer.send(SIGKILL)
        for (rank, task) in ranks.enumerated() {
            switch try await task.value {
            case .done: #expect(rank == 0)
            case .dismissed(let code): #expect(rank == 1 && code == 0)
            case .gaveUp(let error): Issue.record(error)
            }
        }
        let finished = try await scene.status(client) { $0.state == "finished" }
        #expect(finished.samples == UInt64(length) && finished.discarded == 0)
        let ledger = try await ChildProgram.run(
            "difftrain-coordinator",
            ["ledger", "run", "--rounds", "--json"],
            in: scene.directory.path
        )
        #expect(ledger.code == 0)
        // The first round of both is shared by ranks, before both speeds are known.
        let lines = ledger.output.split(separator: "\n")
        let weights = try lines.dropLast().compactMap { line in
            let round = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            return (round?["weights"] as? [String: Int])?.values.sorted()
        }
        #expect(weights.first { $0.count == 2 } == [4, 8])
        #expect(weights.allSatisfy { $0.reduce(0, +) == 12 })
        #expect(lines.last?.contains("\"counted_once\":\(length),\"discarded\":0,\"faults\":0") == true)
        try await scene.expectSameWeights()
    }

    @Test("is refused with a run file of another run, and leaves in order")
    func otherRun() async throws {
        let scene = try await Scene(length: 120)
        var other = try config(length: 120)
        other.seed = 8
        let ranks = start(scene, other, until: StopSignal())
        guard case .gaveUp(let error) = try await ranks[0].value, case .dismissed(let code) = try await ranks[1].value
        else {
            Issue.record("a foreign run file was taken")
            return
        }
        #expect(error.description.contains("'seed: 7' there, 'seed: 8' here"))
        #expect(code == 2 && error.exitCode == 2)
        let client = try scene.client()
        defer { client.close() }
        #expect(try client.get("/v1/status", as: StatusReply.self).workers.isEmpty)
    }

    @Test("leaves with code 4 on all ranks when rank 0 is told to stop")
    func stopped() async throws {
        let scene = try await Scene(length: 120_000)
        let client = try scene.client()
        defer { client.close() }
        let stop = StopSignal()
        let ranks = start(scene, try config(length: 120_000), until: stop)
        _ = try await scene.status(client) { $0.samples > 0 }
        stop.set()
        guard case .gaveUp(let error) = try await ranks[0].value, case .dismissed(let code) = try await ranks[1].value
        else {
            Issue.record("the ranks went on")
            return
        }
        #expect(error.exitCode == 4 && code == 4)
        #expect(try client.get("/v1/status", as: StatusReply.self).workers.isEmpty)
    }
}
