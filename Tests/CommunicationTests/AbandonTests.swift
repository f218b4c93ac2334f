import Logging
import Testing

@testable import Communication

@Suite("An attempt that is abandoned")
struct AbandonTests {
    private static let key = [UInt8](repeating: 7, count: 32)

    /// A member whose only peer never comes.
    private func wait(in network: PeerNetwork, after open: @escaping @Sendable () -> Void) async throws -> RoundOutcome
    {
        let members = [
            RoundMember(id: "here", host: "127.0.0.1", port: network.port, weight: 1),
            RoundMember(id: "stopped", host: "127.0.0.1", port: 1, weight: 1),
        ]
        let group = RoundGroup(round: 1, attempt: 1, members: members, key: Self.key, deadline: 3600)
        let outcomes = try await onThreads(1) { _ -> Result<RoundOutcome, CommunicationError> in
            Result { () throws(CommunicationError) in
                let state = try MeanRound(
                    group: group,
                    rank: 0,
                    values: [1, 2, 3],
                    compression: Float32Compression(),
                    aggregator: WeightedMean()
                )
                let exchange = try PeerExchange(state, network)
                defer { exchange.close() }
                open()
                return try exchange.run().result.outcome
            }
        }
        return try #require(outcomes.first).get()
    }

    @Test("ends at once and blames nobody, whether it was opened already or not")
    func ends() async throws {
        for isEarly in [true, false] {
            let network = try PeerNetwork(host: "127.0.0.1", logger: Logger(label: "test"))
            if isEarly { network.abandon(key: Self.key) }
            let outcome = try await wait(in: network) { if !isEarly { network.abandon(key: Self.key) } }
            guard case .lost(let members, let reason) = outcome else {
                Issue.record("a mean of a member that never came")
                return
            }
            #expect(members.isEmpty && reason.contains("gave the attempt up"))
            network.close()
        }
    }

    @Test("is told from others by its key")
    func other() async throws {
        let network = try PeerNetwork(host: "127.0.0.1", logger: Logger(label: "test"))
        await #expect(throws: CommunicationError.closed) {
            try await wait(in: network) {
                network.abandon(key: [UInt8](repeating: 8, count: 32))
                network.close()
            }
        }
    }
}
