import Coordination
import Hummingbird

/// Instructions, completed leases and results of rounds.
struct WorkRoutes {
    let coordinator: Coordinator

    func add(to group: RouterGroup<APIContext>) {
        group.post("work") { try await work($0, $1) }
        group.post("leases/:id/complete") { try await complete($0, $1) }
        group.post("rounds/:round/result") { try await result($0, $1) }
    }

    private func work(_ request: Request, _ context: APIContext) async throws -> Response {
        let message = try await body(WorkRequest.self, of: request)
        try await coordinator.hear(message.peer, from: context.requireOwner())
        return try json(
            WorkReply(
                instruction: await coordinator.instruction(
                    for: message.peer,
                    holding: message.holds,
                    wait: message.wait
                )
            )
        )
    }

    private func complete(_ request: Request, _ context: APIContext) async throws -> Response {
        let lease = LeaseID(rawValue: try context.parameters.require("id", as: UInt64.self))
        let message = try await body(CompleteRequest.self, of: request)
        try await coordinator.hear(message.peer, from: context.requireOwner())
        try await coordinator.submit(
            .complete(peer: message.peer, lease: lease, loss: message.loss, withdrawn: message.withdrawn)
        )
        let accepted = await coordinator.state.credited(to: message.peer).contains(lease)
        return try json(
            CompleteReply(
                accepted: accepted,
                instruction: await coordinator.instruction(
                    for: message.peer,
                    holding: message.holds,
                    wait: message.wait
                )
            )
        )
    }

    private func result(_ request: Request, _ context: APIContext) async throws -> Response {
        let round = RoundID(rawValue: try context.parameters.require("round", as: UInt64.self))
        let message = try await body(ResultRequest.self, of: request)
        try await coordinator.hear(message.peer, from: context.requireOwner())
        let outcome: ExchangeOutcome =
            if let digest = message.digest {
                .agreed(digest)
            } else {
                .failed(blamed: message.blamed ?? [], reason: message.failure ?? "no reason given")
            }
        try await coordinator.submit(
            .report(peer: message.peer, round: round, attempt: message.attempt, outcome: outcome)
        )
        return try json(
            WorkReply(
                instruction: await coordinator.instruction(
                    for: message.peer,
                    holding: message.holds,
                    wait: message.wait
                )
            )
        )
    }
}
