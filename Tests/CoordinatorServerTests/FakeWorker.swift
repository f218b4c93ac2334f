import Coordination
import Foundation
import Hummingbird
import Testing

@testable import CoordinatorServer

/// A worker without mathematics: it asks, does what it is told, and says so, until the run is finished.
struct FakeWorker: Sendable {
    let peer: PeerID
    var client: APIClient
    var holds: StateMark?
    var mean: StateMark?
    var seen: [String] = []
    /// Sample ranges of leases that were accepted and then committed.
    var counted: [Range<UInt64>] = []
    private var accepted: [Range<UInt64>] = []

    init(_ number: Int, _ client: APIClient) throws {
        peer = try Bench.peer(number)
        self.client = client
    }

    /// Lives until the run is finished; joins again when it is not known any more.
    mutating func live(wait: Double = 5) async throws {
        var instruction = try await join(wait: wait)
        for _ in 0..<10_000 {
            guard let next = try await follow(instruction, wait: wait) else { return }
            instruction = next
        }
        Issue.record("the run does not end")
    }

    mutating func join(wait: Double) async throws -> Instruction {
        let answer = try await client.join(peer, holds: holds)
        try #require(answer.status == 200)
        return try await client.work(peer, holds: holds, wait: wait)
    }

    /// Does one thing; nil: the run is over.
    mutating func follow(_ instruction: Instruction, wait: Double) async throws -> Instruction? {
        seen.append(word(instruction))
        switch instruction {
        case .finished:
            _ = try await client.post("/v1/leave", PeerRequest(peer: peer))
            return nil
        case .startFromSeed(let seed): holds = StateMark(generation: seed.generation, samples: 0)
        case .load(let load):
            for file in load.files {
                let answer = try await client.send(.get, "/v1/blobs/\(file.digest)")
                try #require(try digest(of: answer.bytes) == file.digest)
            }
            holds = load.mark
        case .commit(let commit):
            holds = commit.mark
            counted += accepted
            accepted = []
            if commit.duties.contains(.checkpoint) { _ = try await client.save(commit.mark, by: peer) }
        case .snapshot(let snapshot): _ = try await client.save(snapshot.mark, by: peer)
        case .lease(let lease): return try await complete(lease, wait: wait)
        case .exchange(let exchange): return try await report(exchange, wait: wait)
        case .wait: break
        }
        return try await client.work(peer, holds: holds, wait: wait)
    }

    private mutating func complete(_ lease: LeaseInstruction, wait: Double) async throws -> Instruction {
        if lease.credited.isEmpty { accepted = [] }
        let holds = try #require(holds)
        let answer = try await client.post(
            "/v1/leases/\(lease.id)/complete",
            CompleteRequest(peer: peer, holds: holds, loss: 1, wait: wait)
        )
        let reply: CompleteReply = try answer.decoded()
        if reply.accepted { accepted.append(lease.first..<lease.first + lease.count) }
        return reply.instruction
    }

    private func report(_ exchange: ExchangeInstruction, wait: Double) async throws -> Instruction {
        let holds = try #require(holds)
        let mean = try digest(of: Array("\(exchange.round)-\(exchange.attempt)-\(exchange.key)".utf8))
        let answer = try await client.post(
            "/v1/rounds/\(exchange.round)/result",
            ResultRequest(peer: peer, holds: holds, attempt: exchange.attempt, digest: mean, wait: wait)
        )
        return try answer.decoded(WorkReply.self).instruction
    }

    private func word(_ instruction: Instruction) -> String {
        switch instruction {
        case .lease: "lease"
        case .exchange: "exchange"
        case .commit: "commit"
        case .snapshot: "snapshot"
        case .load: "load"
        case .startFromSeed: "seed"
        case .wait: "wait"
        case .finished: "finished"
        }
    }
}
