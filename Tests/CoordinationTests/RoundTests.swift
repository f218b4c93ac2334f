import Testing

@testable import Coordination

@Suite("Rounds")
struct RoundTests {
    private func exchanging() throws -> (Scene, [PeerID]) {
        var scene = try Scene(length: 1600)
        let peers = [try scene.join(1), try scene.join(2)]
        try scene.playRound(peers)
        for peer in peers { try scene.compute(peer) }
        return (scene, peers)
    }

    private func fail(_ scene: inout Scene, _ peer: PeerID, blaming blamed: [PeerID]) throws {
        let attempt = try #require(scene.state.round?.attempt)
        let round = try #require(scene.state.round)
        try scene.apply(
            .report(
                peer: peer,
                round: round.id,
                attempt: attempt.number,
                outcome: .failed(blamed: blamed, reason: "connection reset")
            )
        )
    }

    @Test("A round counts when every member holds the same mean")
    func commit() throws {
        var (scene, peers) = try exchanging()
        try scene.agree(peers[0])
        #expect(scene.state.mark.samples == 16)
        try scene.agree(peers[1])
        #expect(scene.state.mark.samples == 32)
        let commit = try #require(scene.state.lastCommit)
        #expect(commit.members == peers && commit.loss == 0.5 && commit.before.samples == 16)
        #expect(scene.violations.isEmpty)
    }

    @Test("An attempt is over when it failed, lost a member or was committed, and not before")
    func over() throws {
        var (scene, peers) = try exchanging()
        let first = try #require(scene.state.openAttempt(of: peers[0]))
        #expect(scene.state.openAttempt(of: peers[1]) == first && first > scene.state.newestEndedAttempt)
        try fail(&scene, peers[0], blaming: [])
        #expect(scene.state.openAttempt(of: peers[0]) == nil && first > scene.state.newestEndedAttempt)
        try fail(&scene, peers[1], blaming: [])
        #expect(first <= scene.state.newestEndedAttempt)
        let second = try #require(scene.state.openAttempt(of: peers[0]))
        #expect(second > first && second > scene.state.newestEndedAttempt)
        #expect(scene.state.isVoid(first) && !scene.state.isVoid(second))
        try scene.apply(.lose(peer: peers[1], reason: "it was not heard"))
        #expect(second <= scene.state.newestEndedAttempt && scene.state.isVoid(second))
        let mark = AttemptMark(round: second.round, attempt: .max)
        #expect(scene.state.newestEndedAttempt <= mark)
    }

    @Test("The attempt that is committed is over but not void")
    func committed() throws {
        var (scene, peers) = try exchanging()
        let attempt = try #require(scene.state.openAttempt(of: peers[0]))
        for peer in peers { try scene.agree(peer) }
        #expect(scene.state.lastCommit?.round == attempt.round)
        #expect(attempt <= scene.state.newestEndedAttempt && !scene.state.isVoid(attempt))
    }

    @Test("A member that has not applied the mean is told to, one that has gets the next lease")
    func commitInstruction() throws {
        var (scene, peers) = try exchanging()
        let before = scene.state.mark
        for peer in peers { try scene.agree(peer) }
        guard case .commit(let commit) = try scene.state.instruction(for: peers[0], holding: before, at: scene.now)
        else {
            Issue.record("no commit")
            return
        }
        #expect(commit.isLeader && commit.mark == scene.state.mark && commit.count == 16 && commit.members == 2)
        #expect(!scene.state.isNews(before, from: peers[0]))
        guard case .lease = try scene.instruction(peers[0]) else {
            Issue.record("no lease")
            return
        }
        #expect(scene.state.isNews(nil, from: peers[0]))
    }

    @Test("Different means are not committed; a second disagreement drops a member")
    func disagreement() throws {
        var (scene, peers) = try exchanging()
        for _ in 0..<2 {
            try scene.agree(peers[0], scene.digest(1))
            try scene.agree(peers[1], scene.digest(2))
        }
        #expect(scene.state.mark.samples == 16)
        #expect(scene.state.members.count == 1)
        #expect(scene.violations.isEmpty)
    }

    @Test("The member in the minority is the one that is dropped")
    func minority() throws {
        var scene = try Scene(length: 1600)
        let peers = [try scene.join(1), try scene.join(2), try scene.join(3)]
        try scene.playRound(peers)
        for peer in peers { try scene.compute(peer) }
        for _ in 0..<2 {
            try scene.agree(peers[0], scene.digest(9))
            try scene.agree(peers[1])
            try scene.agree(peers[2])
        }
        #expect(scene.state.activePeers == [peers[1], peers[2]])
        #expect(scene.violations.isEmpty)
    }

    @Test("A killed member is dropped soon after another reports the failure")
    func killed() throws {
        var (scene, peers) = try exchanging()
        try fail(&scene, peers[0], blaming: [peers[1]])
        #expect(scene.state.members.count == 2)
        try scene.pass(scene.state.plan.timing.settle)
        #expect(scene.state.activePeers == [peers[0]])
        try scene.playRound([peers[0]])
        #expect(scene.state.lastCommit?.attempt == 2)
        #expect(scene.state.mark.samples == 32)
        #expect(scene.violations.isEmpty)
    }

    @Test("If all are alive a failed exchange is tried again with the same group")
    func secondAttempt() throws {
        var (scene, peers) = try exchanging()
        try fail(&scene, peers[0], blaming: [peers[1]])
        try fail(&scene, peers[1], blaming: [])
        #expect(scene.state.round?.attempt?.number == 2)
        #expect(scene.state.round?.attempt?.members.map(\.peer) == peers)
        for peer in peers { try scene.agree(peer) }
        #expect(scene.state.mark.samples == 32)
    }

    @Test("A member that never reports is dropped at the deadline")
    func silent() throws {
        var (scene, peers) = try exchanging()
        try scene.agree(peers[1])
        let deadline = try #require(scene.state.nextDeadline)
        try scene.pass(deadline - scene.now)
        #expect(scene.state.activePeers == [peers[1]])
        #expect(scene.violations.isEmpty)
    }

    @Test("A report of an attempt that is over changes nothing")
    func staleReport() throws {
        var (scene, peers) = try exchanging()
        let round = try #require(scene.state.round)
        try fail(&scene, peers[0], blaming: [])
        try fail(&scene, peers[1], blaming: [])
        let before = scene.state
        try scene.apply(
            .report(peer: peers[0], round: round.id, attempt: 1, outcome: .agreed(scene.digest(1)))
        )
        #expect(scene.state == before)
    }

    @Test("A gradient that is not finite counts as seen and weighs nothing")
    func withdrawn() throws {
        var scene = try Scene()
        let peers = [try scene.join(1), try scene.join(2)]
        try scene.playRound(peers)
        try scene.compute(peers[0], loss: .nan, withdrawn: true)
        try scene.compute(peers[1], loss: 2)
        #expect(scene.state.round?.attempt?.members.map(\.weight) == [0, 8])
        for peer in peers { try scene.agree(peer) }
        #expect(scene.state.lastCommit?.loss == 2)
        #expect(scene.state.mark.samples == 32)
    }

    @Test("The leader is asked for a checkpoint when the cadence says so, and for sheets")
    func duties() throws {
        var scene = try Scene(length: 64) {
            $0.checkpointEvery = 24
            $0.evaluationEvery = 32
        }
        let peer = try scene.join(1)
        var duties: [[Duty]] = []
        for _ in 0..<4 {
            try scene.playRound([peer])
            let commit = try #require(scene.state.lastCommit)
            duties.append(commit.duties)
            if commit.duties.contains(.checkpoint) { try scene.apply(.hold(scene.checkpoint(commit.after))) }
        }
        #expect(duties == [[], [.checkpoint, .samples], [.checkpoint], [.samples]])
        #expect(scene.violations.isEmpty)
    }

    @Test("A run is finished when its last state is held, and not before")
    func finish() throws {
        var scene = try Scene(length: 16)
        let peer = try scene.join(1)
        try scene.playRound([peer])
        #expect(!scene.state.isFinished && scene.state.activity == .closing)
        guard case .snapshot(let snapshot) = try scene.instruction(peer), snapshot.isFinal else {
            Issue.record("the last state is not asked for")
            return
        }
        try scene.apply(.hold(scene.checkpoint(snapshot.mark)))
        #expect(scene.state.isFinished)
        #expect(try scene.instruction(peer) == .finished(FinishedInstruction(samples: 16)))
        #expect(throws: CoordinationError.finished) { try scene.join(2) }
        #expect(scene.violations.isEmpty)
    }

    @Test("If the one that saves the last state does not, the next is asked")
    func closingRotates() throws {
        var scene = try Scene(length: 16)
        let peers = [try scene.join(1), try scene.join(2)]
        try scene.playRound(peers)
        #expect(scene.state.upload?.peer == peers[0])
        try scene.pass(scene.state.plan.timing.uploadGrace)
        #expect(scene.state.upload?.peer == peers[1])
        try scene.apply(.leave(peer: peers[1]))
        #expect(scene.state.upload?.peer == peers[0])
        #expect(scene.violations.isEmpty)
    }

    @Test("Only so many checkpoints are kept")
    func retention() throws {
        var scene = try Scene(length: 160) { $0.checkpointEvery = 16 }
        let peer = try scene.join(1)
        for _ in 0..<4 {
            try scene.playRound([peer])
            try scene.apply(.hold(scene.checkpoint(scene.state.mark)))
        }
        #expect(scene.state.checkpoints.map(\.mark.samples) == [48, 64])
        #expect(scene.violations.isEmpty)
    }
}
