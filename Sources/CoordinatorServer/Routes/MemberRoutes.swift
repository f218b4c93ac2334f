import Coordination
import Hummingbird

/// Joining, heartbeats, leaving.
struct MemberRoutes {
    let coordinator: Coordinator

    func add(to group: RouterGroup<APIContext>) {
        group.post("join") { try await join($0, $1) }
        group.post("heartbeat") { try await heartbeat($0, $1) }
        group.post("presence") { try await presence($0, $1) }
        group.post("leave") { try await leave($0, $1) }
    }

    private func join(_ request: Request, _ context: APIContext) async throws -> Response {
        let message = try await body(JoinRequest.self, of: request)
        guard message.version == protocolVersion else {
            throw CoordinatorError.coordination(
                .protocolVersion(found: message.version, expected: protocolVersion)
            )
        }
        let host = message.host ?? context.remoteHost ?? "127.0.0.1"
        try await coordinator.join(
            JoinFacts(
                peer: message.peer,
                owner: context.requireOwner(),
                name: message.name,
                host: host,
                port: message.port,
                holds: message.holds,
                ranks: message.ranks
            )
        )
        let facts = coordinator.facts
        let mark = await coordinator.state.mark
        return try json(
            JoinReply(plan: facts.plan, runFile: facts.runFile, dataset: facts.dataset, mark: mark, host: host)
        )
    }

    private func heartbeat(_ request: Request, _ context: APIContext) async throws -> Response {
        let message = try await body(PeerRequest.self, of: request)
        try await coordinator.hear(message.peer, from: context.requireOwner())
        return try json(await coordinator.notice)
    }

    /// Held open, so that the end of a worker's process is noticed at once by the end of its connection.
    private func presence(_ request: Request, _ context: APIContext) async throws -> Response {
        let owner = try context.requireOwner()
        return try await request.body.consumeWithCancellationOnInboundClose { incoming in
            let message = try await body(PresenceRequest.self, of: incoming)
            try await coordinator.hear(message.peer, from: owner)
            return try json(await coordinator.attend(message.peer, wait: message.wait, attempt: message.attempt))
        }
    }

    private func leave(_ request: Request, _ context: APIContext) async throws -> Response {
        let message = try await body(PeerRequest.self, of: request)
        // Leaving twice, or after the end, is what was wanted.
        if await coordinator.isMember(message.peer) {
            try await coordinator.hear(message.peer, from: context.requireOwner())
            try await coordinator.submit(.leave(peer: message.peer))
        }
        return try json(await coordinator.notice)
    }
}

extension Coordinator {
    /// How far the run is.
    var notice: NoticeReply { NoticeReply(samples: state.mark.samples, finished: state.isFinished) }

    /// Whether a peer takes part or wants to.
    func isMember(_ peer: PeerID) -> Bool { state.members[peer] != nil }
}
