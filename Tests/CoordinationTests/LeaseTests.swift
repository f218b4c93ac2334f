import Testing

@testable import Coordination

@Suite("Leases")
struct LeaseTests {
    @Test("A batch is cut into equal shares of the granularity")
    func equalShares() throws {
        var scene = try Scene(length: 960, batch: 96) { $0.granularity = 16 }
        var peers: [PeerID] = []
        for number in 1...4 { peers.append(try scene.join(number)) }
        try scene.playRound(peers)
        #expect(scene.state.round?.pieces.map(\.count).sorted() == [16, 16, 32, 32])
    }

    @Test("The last round is only as large as what is left")
    func lastRound() throws {
        var scene = try Scene(length: 40, batch: 16)
        let peer = try scene.join(1)
        for _ in 0..<3 { try scene.playRound([peer]) }
        #expect(scene.state.mark.samples == 40)
        #expect(scene.state.round == nil)
    }

    @Test("A member that is three times as fast gets three times as much")
    func bySpeed() throws {
        var scene = try Scene(length: 1600, batch: 160)
        let peers = [try scene.join(1), try scene.join(2)]
        try scene.playRound(peers)
        scene.now = scene.now + 1_000
        try scene.compute(peers[0])
        scene.now = scene.now + 2_000
        try scene.playRound(peers)
        scene.now = scene.now + 1_000
        try scene.compute(peers[0])
        scene.now = scene.now + 2_000
        try scene.playRound(peers)
        let counts = try #require(scene.state.round?.pieces.map(\.count))
        #expect(counts.count == 2 && counts[0] + counts[1] == 160)
        #expect(counts[0] > 100)
    }

    @Test("A member of two ranks gets twice as much as one of one, before and after speeds are known")
    func byRanks() throws {
        var scene = try Scene(length: 960, batch: 96) { $0.granularity = 8 }
        let peers = [try scene.join(1, ranks: 2), try scene.join(2)]
        // The first round began when only one was there.
        scene.now = scene.now + 1_500
        try scene.playRound(peers)
        for _ in 0..<3 {
            #expect(scene.state.round?.pieces.map(\.count) == [64, 32])
            scene.now = scene.now + 1_000
            try scene.playRound(peers)
            let commit = try #require(scene.state.lastCommit)
            #expect(commit.weights == [64, 32])
            #expect(commit.weight(of: peers[0]) == 64 && commit.weight(of: peers[1]) == 32)
        }
        #expect(scene.state.status(of: peers[0], heard: 0)?.ranks == 2)
        #expect(scene.state.status(of: peers[0], heard: 0)?.weight == 64)
        #expect(scene.violations.isEmpty)
    }

    @Test("A member whose ranks are slow gets less than their number says")
    func slowRanks() throws {
        var scene = try Scene(length: 1600, batch: 160)
        let peers = [try scene.join(1, ranks: 4), try scene.join(2)]
        scene.now = scene.now + 5_000
        try scene.playRound(peers)
        try #require(scene.state.round?.pieces.map(\.count) == [128, 32])
        for _ in 0..<2 {
            scene.now = scene.now + 1_000
            try scene.compute(peers[1])
            scene.now = scene.now + 3_000
            try scene.playRound(peers)
        }
        // 128 samples in 4 s against 32 in 1 s: one rank's work.
        let counts = try #require(scene.state.round?.pieces.map(\.count))
        #expect(counts.count == 2 && counts[0] <= 96)
    }

    @Test("Where the plan says so a member of two ranks gets twice as much however slow it is")
    func ranksAlone() throws {
        var scene = try Scene(length: 1600, batch: 96) { $0.sharesByRanks = true }
        let peers = [try scene.join(1, ranks: 2), try scene.join(2)]
        scene.now = scene.now + 5_000
        try scene.playRound(peers)
        for _ in 0..<3 {
            #expect(scene.state.round?.pieces.map(\.count) == [64, 32])
            scene.now = scene.now + 100
            try scene.compute(peers[1])
            scene.now = scene.now + 9_000
            try scene.playRound(peers)
        }
        let speeds = peers.map { scene.state.members[$0]?.speed ?? 0 }
        #expect(speeds[1] > 10 * speeds[0])
        #expect(scene.violations.isEmpty)
    }

    @Test("Shares are whole granules only where every rank gets one")
    func granules() throws {
        var scene = try Scene(length: 960, batch: 96) { $0.granularity = 32 }
        try scene.playRound([try scene.join(1, ranks: 3), try scene.join(2)])
        #expect(scene.state.round?.pieces.map(\.count) == [72, 24])
    }

    @Test("A lease whose deadline has passed goes to another member and is not accepted any more")
    func expiry() throws {
        var scene = try Scene()
        let peers = [try scene.join(1), try scene.join(2)]
        try scene.playRound(peers)
        guard case .lease(let lease) = try scene.instruction(peers[0]) else {
            Issue.record("no lease")
            return
        }
        try scene.compute(peers[1])
        try scene.pass(Int64(lease.deadline * 1000))
        #expect(scene.state.round?.overdue == [peers[0]])
        try scene.apply(.complete(peer: peers[0], lease: lease.id, loss: 1, withdrawn: false))
        #expect(scene.state.credited(to: peers[0]).isEmpty)
        #expect(scene.state.round?.overdue == [])
        try scene.compute(peers[1])
        let weights = scene.state.round?.attempt?.members.map(\.weight)
        #expect(weights == [0, 16])
        #expect(scene.violations.isEmpty)
    }

    @Test("The exchange goes on without a member that does not come back, which then has to load the state")
    func overdueMember() throws {
        var scene = try Scene()
        let peers = [try scene.join(1), try scene.join(2)]
        try scene.playRound(peers)
        try scene.compute(peers[1])
        try scene.pass(scene.state.plan.timing.firstLease)
        try scene.playRound([peers[1]])
        #expect(scene.state.mark.samples == 32)
        #expect(scene.state.activePeers == [peers[1]])
        #expect(scene.state.joiningPeers == [peers[0]])
        #expect(scene.violations.isEmpty)
    }

    @Test("A member that is alone keeps its lease however slow it is")
    func aloneAndSlow() throws {
        var scene = try Scene()
        let peer = try scene.join(1)
        guard case .lease(let lease) = try scene.instruction(peer) else {
            Issue.record("no lease")
            return
        }
        for _ in 0..<5 { try scene.pass(400_000) }
        try scene.apply(.complete(peer: peer, lease: lease.id, loss: nil, withdrawn: false))
        #expect(scene.state.credited(to: peer) == [lease.id])
        #expect(scene.violations.isEmpty)
    }

    @Test("Completing a lease twice counts once")
    func completeTwice() throws {
        var scene = try Scene()
        let peers = [try scene.join(1), try scene.join(2)]
        try scene.playRound(peers)
        try scene.compute(peers[0])
        let before = scene.state
        let last = try #require(scene.journal.last)
        try scene.apply(last.command)
        #expect(scene.state == before)
    }

    @Test("A member cannot complete the lease of another")
    func foreignLease() throws {
        var scene = try Scene()
        let peers = [try scene.join(1), try scene.join(2)]
        try scene.playRound(peers)
        guard case .lease(let lease) = try scene.instruction(peers[0]) else {
            Issue.record("no lease")
            return
        }
        try scene.apply(.complete(peer: peers[1], lease: lease.id, loss: 0, withdrawn: false))
        #expect(scene.state.credited(to: peers[1]).isEmpty)
    }

    @Test("After a restart no deadline is nearer than the grace")
    func restart() throws {
        var scene = try Scene()
        let peer = try scene.join(1)
        try scene.playRound([peer])
        scene.now = scene.now + 10_000_000
        try scene.apply(.restart)
        let deadline = try #require(scene.state.nextDeadline)
        #expect(deadline - scene.now >= scene.state.plan.timing.restartGrace)
    }
}
