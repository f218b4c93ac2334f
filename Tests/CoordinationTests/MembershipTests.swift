import Testing

@testable import Coordination

@Suite("Membership")
struct MembershipTests {
    @Test("The first worker is told to start from the seed and gets the whole batch")
    func firstWorker() throws {
        var scene = try Scene()
        let peer = try scene.join(1, holds: nil)
        #expect(try scene.instruction(peer) == .startFromSeed(SeedInstruction(generation: 0)))
        try scene.apply(.claim(peer: peer, holds: scene.state.mark))
        guard case .lease(let lease) = try scene.instruction(peer) else {
            Issue.record("no lease")
            return
        }
        #expect(lease.first == 0 && lease.count == 16 && lease.credited.isEmpty)
        #expect(scene.violations.isEmpty)
    }

    @Test("Joining twice under the same token changes nothing")
    func joinTwice() throws {
        var scene = try Scene()
        try scene.join(1)
        let before = scene.state
        let decided = try scene.apply(scene.journal[0].command)
        #expect(decided.isEmpty)
        #expect(scene.state == before)
    }

    @Test("A peer of another token cannot be taken over")
    func foreignToken() throws {
        var scene = try Scene()
        let peer = try scene.join(1)
        let facts = JoinFacts(peer: peer, owner: "thief", name: "w", host: "127.0.0.1", port: 1)
        #expect(throws: CoordinationError.notOwner(peer)) { try scene.apply(.join(facts)) }
        #expect(scene.state.members[peer]?.host == "127.0.0.1")
    }

    @Test("A host or port out of range is refused", arguments: [("", 1), ("a b", 1), ("a", -1), ("a", 65536)])
    func badAddress(host: String, port: Int) throws {
        var scene = try Scene()
        let facts = JoinFacts(peer: try scene.name(1), owner: "t", name: "w", host: host, port: port)
        #expect(throws: CoordinationError.self) { try scene.apply(.join(facts)) }
        #expect(scene.state.members.isEmpty)
    }

    @Test("A number of ranks out of range is refused", arguments: [Int.min, -1, 0, 4097, Int.max])
    func badRanks(ranks: Int) throws {
        var scene = try Scene()
        #expect(throws: CoordinationError.invalid(what: "number of ranks", value: "\(ranks)")) {
            try scene.join(1, ranks: ranks)
        }
        #expect(scene.state.members.isEmpty)
    }

    @Test("A run takes as many members as its plan says")
    func full() throws {
        var scene = try Scene { $0.maximumMembers = 2 }
        try scene.join(1)
        try scene.join(2)
        #expect(throws: CoordinationError.full(members: 2)) { try scene.join(3) }
    }

    @Test("Samples of a member that is lost are leased to the others in the same round")
    func lostMember() throws {
        var scene = try Scene()
        let peers = [try scene.join(1), try scene.join(2)]
        try scene.playRound(peers)
        #expect(scene.state.round?.pieces.map(\.count) == [8, 8])
        try scene.compute(peers[1])
        try scene.apply(.lose(peer: peers[1], reason: "test"))
        #expect(scene.state.round?.pieces.allSatisfy { $0.peer == peers[0] } == true)
        try scene.playRound([peers[0]])
        #expect(scene.state.mark.samples == 32)
        #expect(scene.violations.isEmpty)
    }

    @Test("A member that was lost has to join again and keeps its state")
    func rejoin() throws {
        var scene = try Scene()
        let peers = [try scene.join(1), try scene.join(2)]
        try scene.apply(.lose(peer: peers[0], reason: "test"))
        #expect(throws: CoordinationError.unknownPeer(peers[0])) { try scene.instruction(peers[0]) }
        try scene.join(1, holds: scene.state.mark)
        #expect(scene.state.activePeers == [peers[1], peers[0]])
    }

    @Test("A late joiner loads the state of a round boundary and is in the round after")
    func lateJoiner() throws {
        var scene = try Scene()
        let first = try scene.join(1)
        try scene.playRound([first])
        let joiner = try scene.join(2, holds: nil)
        #expect(try scene.instruction(joiner) == .wait(WaitInstruction(reason: "the state comes with the next round")))
        try scene.playRound([first])
        #expect(scene.state.round == nil)
        let mark = StateMark(generation: 0, samples: 32)
        #expect(try scene.instruction(first) == .snapshot(SnapshotInstruction(mark: mark, isFinal: false)))
        try scene.apply(.hold(scene.checkpoint(mark)))
        let files = try scene.checkpoint(mark).files
        #expect(try scene.instruction(joiner) == .load(LoadInstruction(mark: mark, files: files)))
        try scene.apply(.claim(peer: joiner, holds: mark))
        #expect(scene.state.round?.pieces.compactMap(\.peer) == [first, joiner])
        #expect(scene.violations.isEmpty)
    }

    @Test("A joiner that does not load in time is not waited for, and later again")
    func slowJoiner() throws {
        var scene = try Scene(length: 160)
        let first = try scene.join(1)
        try scene.playRound([first])
        let joiner = try scene.join(2, holds: nil)
        try scene.playRound([first])
        try scene.pass(scene.state.plan.timing.joinGrace)
        #expect(scene.state.round?.first == 32)
        try scene.playRound([first])
        #expect(scene.state.round?.first == 48)
        scene.now = scene.now + scene.state.plan.timing.joinGrace
        try scene.playRound([first])
        #expect(scene.state.round == nil)
        #expect(scene.state.members[joiner]?.lateLoads == 1)
        #expect(scene.violations.isEmpty)
    }

    @Test("If nobody holds the agreed state the run goes back to the newest checkpoint")
    func rollBack() throws {
        var scene = try Scene { $0.checkpointEvery = 16 }
        let first = try scene.join(1)
        try scene.playRound([first])
        try scene.apply(.hold(scene.checkpoint(StateMark(generation: 0, samples: 16))))
        try scene.playRound([first])
        try scene.apply(.lose(peer: first, reason: "test"))
        #expect(scene.state.mark.samples == 32)
        let second = try scene.join(2, holds: nil)
        #expect(scene.state.mark == StateMark(generation: 1, samples: 16))
        #expect(scene.state.discarded == 16)
        guard case .load(let load) = try scene.instruction(second) else {
            Issue.record("nothing to load")
            return
        }
        #expect(load.mark == scene.state.mark)
        #expect(scene.violations.isEmpty)
    }

    @Test("A state of before a roll back is not taken for the agreed one")
    func oldGeneration() throws {
        var scene = try Scene()
        let first = try scene.join(1)
        try scene.playRound([first])
        try scene.apply(.lose(peer: first, reason: "test"))
        let second = try scene.join(2, holds: nil)
        try scene.apply(.claim(peer: second, holds: scene.state.mark))
        try scene.playRound([second])
        let old = StateMark(generation: 0, samples: 16)
        try scene.join(1, holds: old)
        #expect(scene.state.mark == StateMark(generation: 1, samples: 16))
        #expect(scene.state.activePeers == [second])
        #expect(throws: CoordinationError.foreignState(old, current: scene.state.mark)) {
            try scene.apply(.hold(scene.checkpoint(old)))
        }
    }
}
