import Buffers
import Coordination
import Foundation
import Glibc
import TestSupport
import Testing
import Training

@testable import Worker

@Suite("A run of several processes", .serialized, .timeLimit(.minutes(10)))
struct EndToEndTests {
    @Test("ends with every sample counted once though a worker is killed and another comes late")
    func killed() async throws {
        let length = 1200
        let scene = try await Scene(length: length)
        let client = try scene.client()
        defer { client.close() }
        let workers = [try scene.join("first"), try scene.join("second")]
        _ = try await scene.status(client) { $0.samples > 0 && $0.workers.count == 2 }
        let late = try scene.join("late")
        let joined = try await scene.status(client) { status in
            status.workers.count == 3 && status.workers.allSatisfy { $0.contributed > 0 }
        }
        try #require(joined.samples < UInt64(length))
        workers[0].send(SIGKILL)
        #expect(try await workers[0].result().code == 128 + SIGKILL)
        let finished = try await scene.status(client) { $0.state == "finished" }
        #expect(finished.samples == UInt64(length))
        #expect(finished.discarded == 0 && finished.generation == 0)
        #expect(finished.checkpoints.last == UInt64(length) && finished.newestSheet == UInt64(length))
        for worker in [workers[1], late] {
            let result = try await worker.result()
            #expect(result.code == 0, "\(result.errors)")
        }
        scene.coordinator.send(SIGTERM)
        let served = try await scene.coordinator.result()
        #expect(served.code == 0)
        #expect(served.errors.contains(" is out: "))
        let ledger = try await ChildProgram.run("difftrain-coordinator", ["ledger", "run"], in: scene.directory.path)
        #expect(
            ledger.output.hasPrefix("\(length) of \(length) samples counted exactly once in 100 rounds by 3 workers")
        )
        #expect(ledger.code == 0 && ledger.output.hasSuffix("0 taken back, 0 faults\n"), "\(ledger.output)")
        try await scene.expectSameWeights()
    }

    @Test("goes on with a few bits a value and error feedback though a worker is killed and another comes late")
    func feedback() async throws {
        let scene = try await Scene(length: 900, communication: "{compression: one-bit, feedback: true}")
        let client = try scene.client()
        defer { client.close() }
        let workers = [try scene.join("first"), try scene.join("second")]
        _ = try await scene.status(client) { $0.samples > 0 && $0.workers.count == 2 }
        let late = try scene.join("late")
        let joined = try await scene.status(client) { status in
            status.workers.count == 3 && status.workers.allSatisfy { $0.contributed > 0 }
        }
        try #require(joined.samples < 900)
        workers[0].send(SIGKILL)
        #expect(try await workers[0].result().code == 128 + SIGKILL)
        let finished = try await scene.status(client) { $0.state == "finished" }
        #expect(finished.samples == 900 && finished.discarded == 0 && finished.generation == 0)
        for worker in [workers[1], late] {
            let result = try await worker.result()
            #expect(result.code == 0, "\(result.errors)")
        }
        let weights = try TrainedModel(scene.directory.file("run"), weights: "parameters").weights
        #expect(weights.isFinite)
        let names = try scene.directory.names("run/checkpoints/000000000900")
        #expect(names.contains("run.yaml") && !names.contains { $0.hasPrefix("feedback") })
    }

    @Test("loses a worker that is told to stop, which leaves with code 4, and goes on with the next one")
    func stopped() async throws {
        let scene = try await Scene(length: 600)
        let client = try scene.client()
        defer { client.close() }
        let first = try scene.join("first")
        let seen = try await scene.status(client) { $0.samples > 0 }
        try #require(seen.samples < 600)
        first.send(SIGTERM)
        #expect(try await first.result().code == 4)
        let alone = try client.get("/v1/status", as: StatusReply.self)
        #expect(alone.workers.isEmpty && alone.state == "waiting")
        let second = try scene.join("second")
        let result = try await second.result()
        #expect(result.code == 0, "\(result.errors)")
        let finished = try client.get("/v1/status", as: StatusReply.self)
        #expect(finished.state == "finished" && finished.samples == 600)
    }
}
