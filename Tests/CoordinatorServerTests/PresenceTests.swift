import Coordination
import Testing

@testable import CoordinatorServer

@Suite("The presence of a worker")
struct PresenceTests {
    @Test("A worker whose call is cut off is lost half a second later")
    func cut() async throws {
        let bench = try Bench()
        let coordinator = try await bench.open().coordinator
        let peer = try await join(1, coordinator)
        let call = Task { await coordinator.attend(peer, wait: 20) }
        call.cancel()
        _ = await call.value
        bench.time.pass(499)
        try await coordinator.tick()
        #expect(await coordinator.isMember(peer))
        bench.time.pass(1)
        try await coordinator.tick()
        #expect(await !coordinator.isMember(peer))
    }

    @Test("A worker that is heard again, or whose call has its answer, stays")
    func stays() async throws {
        let bench = try Bench()
        let coordinator = try await bench.open().coordinator
        let (first, second) = (try await join(1, coordinator), try await join(2, coordinator))
        let call = Task { await coordinator.attend(first, wait: 20) }
        call.cancel()
        _ = await call.value
        _ = await coordinator.attend(second, wait: 0)
        bench.time.pass(400)
        try await coordinator.hear(first, from: "owner")
        bench.time.pass(400)
        try await coordinator.tick()
        #expect(await coordinator.isMember(first))
        #expect(await coordinator.isMember(second))
    }

    private func join(_ number: Int, _ coordinator: Coordinator) async throws -> PeerID {
        let peer = try Bench.peer(number)
        try await coordinator.join(
            JoinFacts(peer: peer, owner: "owner", name: "w", host: "127.0.0.1", port: 1, holds: nil)
        )
        return peer
    }
}
