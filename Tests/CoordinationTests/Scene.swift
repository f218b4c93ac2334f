@testable import Coordination

/// A run with helpers to write tests as stories; checks the invariants after every command.
struct Scene {
    var state: RunState
    var now = Timestamp(milliseconds: 1_000)
    var journal: [(command: Command, at: Timestamp)] = []
    var events: [Event] = []
    var violations: [String] = []

    init(length: UInt64 = 64, batch: UInt64 = 16, change: (inout RunPlan) -> Void = { _ in }) throws {
        var plan = RunPlan(name: "scene", length: length, globalBatch: batch)
        change(&plan)
        state = try RunState(plan: plan)
    }

    @discardableResult
    mutating func apply(_ command: Command) throws -> [Event] {
        let decided = try state.apply(command, at: now)
        journal.append((command, now))
        events += decided
        violations += state.violations
        return decided
    }

    mutating func pass(_ milliseconds: Int64) throws {
        now = now + milliseconds
        try apply(.tick)
    }

    /// Joins and, at the start of a run, takes part at once.
    @discardableResult
    mutating func join(
        _ number: Int,
        holds: StateMark? = StateMark(generation: 0, samples: 0),
        ranks: Int? = nil
    ) throws -> PeerID {
        let peer = try name(number)
        try apply(
            .join(
                JoinFacts(
                    peer: peer,
                    owner: "t\(number % 2)",
                    name: "w\(number)",
                    host: "127.0.0.1",
                    port: 7000 + number,
                    holds: holds,
                    ranks: ranks
                )
            )
        )
        return peer
    }

    /// Completes whatever a member has leased.
    mutating func compute(_ peer: PeerID, loss: Double? = 0.5, withdrawn: Bool = false) throws {
        while case .lease(let lease) = try instruction(peer) {
            try apply(.complete(peer: peer, lease: lease.id, loss: loss, withdrawn: withdrawn))
        }
    }

    /// Reports the mean of the attempt a member was told of.
    mutating func agree(_ peer: PeerID, _ digest: ContentDigest? = nil) throws {
        guard case .exchange(let exchange) = try instruction(peer) else { return }
        try apply(
            .report(
                peer: peer,
                round: exchange.round,
                attempt: exchange.attempt,
                outcome: .agreed(try digest ?? self.digest(exchange.round.rawValue))
            )
        )
    }

    /// One whole round of these members.
    mutating func playRound(_ peers: [PeerID]) throws {
        for peer in peers { try compute(peer) }
        for peer in peers { try agree(peer) }
    }

    func instruction(_ peer: PeerID) throws -> Instruction {
        try state.instruction(for: peer, holding: state.mark, at: now)
    }

    func name(_ number: Int) throws -> PeerID {
        guard let peer = PeerID(rawValue: "peer-\(1_000_000 + number)") else { throw SceneError.badName }
        return peer
    }

    func digest(_ number: UInt64) throws -> ContentDigest {
        let digits = String(number, radix: 16)
        guard let digest = ContentDigest(rawValue: String(repeating: "0", count: 64 - digits.count) + digits) else {
            throw SceneError.badName
        }
        return digest
    }

    func checkpoint(_ mark: StateMark) throws -> Checkpoint {
        Checkpoint(
            mark: mark,
            files: [CheckpointFile(name: "manifest.json", digest: try digest(mark.samples), bytes: 10)]
        )
    }
}

enum SceneError: Error { case badName }
