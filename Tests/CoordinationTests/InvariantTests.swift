import Foundation
import TestSupport
import Testing

@testable import Coordination

/// Workers that do what they are told, forget it, say it twice, lie, die and come back, at random.
private struct Crowd {
    struct Worker {
        var peer: PeerID
        var holds: StateMark?
        var isDead = false
        var lease: LeaseInstruction?
    }

    var scene: Scene
    var workers: [Worker] = []
    var born = 0

    /// Applies and lets refusals pass, as a server does.
    mutating func tell(_ command: Command) {
        do { try scene.apply(command) } catch {}
    }

    mutating func birth() throws {
        born += 1
        let peer = try scene.name(born)
        workers.append(Worker(peer: peer))
        tell(joining(peer, holds: nil))
    }

    func joining(_ peer: PeerID, holds: StateMark?) -> Command {
        .join(JoinFacts(peer: peer, owner: "t\(born % 3)", name: "w", host: "127.0.0.1", port: 7000, holds: holds))
    }

    /// A worker asks and does what it is told.
    mutating func serve(_ index: Int) throws {
        let worker = workers[index]
        guard let member = scene.state.members[worker.peer] else {
            if !scene.state.isFinished { tell(rejoin(worker)) }
            return
        }
        if scene.state.isNews(worker.holds, from: member.id) { tell(.claim(peer: member.id, holds: worker.holds)) }
        switch try scene.state.instruction(for: worker.peer, holding: worker.holds, at: scene.now) {
        case .lease(let lease):
            tell(.complete(peer: worker.peer, lease: lease.id, loss: 1, withdrawn: lease.first % 5 == 0))
        case .exchange(let exchange):
            let digest = try scene.digest(exchange.round.rawValue)
            tell(
                .report(
                    peer: worker.peer,
                    round: exchange.round,
                    attempt: exchange.attempt,
                    outcome: .agreed(digest)
                )
            )
        case .commit(let commit):
            workers[index].holds = commit.mark
            if commit.duties.contains(.checkpoint) { tell(.hold(try scene.checkpoint(commit.mark))) }
        case .snapshot(let snapshot): tell(.hold(try scene.checkpoint(snapshot.mark)))
        case .load(let load): workers[index].holds = load.mark
        case .startFromSeed(let seed):
            workers[index].holds = StateMark(generation: seed.generation, samples: 0)
        case .wait, .finished: break
        }
    }

    private func rejoin(_ worker: Worker) -> Command {
        let number = workers.firstIndex { $0.peer == worker.peer } ?? 0
        return .join(
            JoinFacts(
                peer: worker.peer,
                owner: "r\(number % 3)",
                name: "w",
                host: "127.0.0.1",
                port: 7000,
                holds: worker.holds
            )
        )
    }

    mutating func misbehave(_ index: Int, _ random: inout SeededGenerator) throws {
        let peer = workers[index].peer
        let lease = LeaseID(rawValue: UInt64(random.int(0...60)))
        let round = RoundID(rawValue: UInt64(random.int(0...30)))
        switch random.int(0...6) {
        case 0: tell(.complete(peer: peer, lease: lease, loss: .greatestFiniteMagnitude, withdrawn: false))
        case 1:
            let open = scene.state.round
            tell(
                .report(
                    peer: peer,
                    round: open?.id ?? round,
                    attempt: open?.attempt?.number ?? 1,
                    outcome: .failed(blamed: [workers[random.int(0...(workers.count - 1))].peer], reason: "no")
                )
            )
        case 2:
            let open = scene.state.round
            tell(
                .report(
                    peer: peer,
                    round: open?.id ?? round,
                    attempt: open?.attempt?.number ?? 1,
                    outcome: .agreed(try scene.digest(999))
                )
            )
        case 3:
            let mark = StateMark(generation: UInt32(random.int(0...2)), samples: UInt64(random.int(0...300)))
            tell(.claim(peer: peer, holds: random.chance(0.3) ? nil : mark))
            workers[index].holds = nil
        case 4:
            let mark = StateMark(
                generation: scene.state.mark.generation,
                samples: UInt64(random.int(0...300))
            )
            if mark.samples <= scene.state.mark.samples { tell(.hold(try scene.checkpoint(mark))) }
        case 5: tell(.leave(peer: peer))
        default:
            guard let old = scene.journal.randomElement(using: &random) else { return }
            if case .hold = old.command { return }
            tell(old.command)
        }
    }

    mutating func anything(_ random: inout SeededGenerator) throws {
        scene.now = scene.now + Int64(random.int(0...400))
        guard !workers.isEmpty, !random.chance(0.03) else { return try birth() }
        let index = random.int(0...(workers.count - 1))
        switch random.int(0...99) {
        case 0..<70: if !workers[index].isDead { try serve(index) }
        case 70..<80: try misbehave(index, &random)
        case 80..<83: workers[index].isDead = true
        case 83..<90:
            if workers[index].isDead { tell(.lose(peer: workers[index].peer, reason: "silent")) }
            if random.chance(0.2), workers.count > 6 { workers.remove(at: index) }
        case 90..<98: tell(.tick)
        case 98:
            scene.now = scene.now + 300_000
            tell(.tick)
        default: tell(.restart)
        }
    }
}

@Suite("Invariants under random commands")
struct InvariantTests {
    @Test("No sample is leased twice at once, none is lost, totals add up, and honest workers finish any run")
    func randomCommands() throws {
        forAll(seeds: 120) { random in
            var crowd = Crowd(
                scene: try Scene(length: 300, batch: UInt64(random.int(1...40))) {
                    $0.checkpointEvery = UInt64(random.int(0...80))
                    $0.granularity = UInt64(random.int(1...8))
                }
            )
            for _ in 0..<random.int(50...600) {
                try crowd.anything(&random)
                try #require(crowd.scene.violations == [])
            }
            try finish(&crowd)
            try #require(crowd.scene.violations == [])
            try #require(crowd.scene.state.isFinished)
            try checkLedger(crowd.scene.events, length: 300)
        }
    }

    /// The crowd is replaced by two honest workers; the run has to end in a bounded number of steps.
    private func finish(_ crowd: inout Crowd) throws {
        for worker in crowd.workers { crowd.tell(.lose(peer: worker.peer, reason: "end")) }
        for peer in crowd.scene.state.members.keys.sorted() { crowd.tell(.lose(peer: peer, reason: "end")) }
        crowd.workers = []
        try crowd.birth()
        try crowd.birth()
        for _ in 0..<4000 where !crowd.scene.state.isFinished {
            crowd.scene.now = crowd.scene.now + 50
            for index in crowd.workers.indices { try crowd.serve(index) }
        }
    }

    /// Follows the commits: they have to tile the run, each sample once, except what a roll back named.
    private func checkLedger(_ events: [Event], length: UInt64) throws {
        var at: UInt64 = 0
        for event in events {
            switch event {
            case .committed(let commit):
                try #require(commit.before.samples == at)
                try #require(commit.after.samples > at)
                at = commit.after.samples
            case .rolledBack(let from, let to):
                try #require(from.samples == at)
                at = to.samples
            default: break
            }
        }
        try #require(at == length)
    }

    @Test("Replaying the journal gives the live state, with a snapshot in between or without")
    func replay() throws {
        forAll(seeds: 20) { random in
            var crowd = Crowd(scene: try Scene(length: 300, batch: 20) { $0.checkpointEvery = 40 })
            let start = crowd.scene.state
            for _ in 0..<300 { try crowd.anything(&random) }
            let journal = crowd.scene.journal
            let middle = random.int(0...journal.count)
            var state = start
            for (index, entry) in journal.enumerated() {
                if index == middle { state = try reread(state) }
                _ = try state.apply(reread(entry.command), at: entry.at)
            }
            try #require(state == crowd.scene.state)
        }
    }

    private func reread<Value: Codable>(_ value: Value) throws -> Value {
        try JSONDecoder().decode(Value.self, from: JSONEncoder().encode(value))
    }
}
