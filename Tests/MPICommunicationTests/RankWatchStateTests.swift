import Testing

@testable import MPICommunication

@Suite("The watch of a rank, as a state machine")
struct RankWatchStateTests {
    @Test(
        "links make a ring with spokes, so that whoever fails, somebody who lives is linked with one of them",
        arguments: 2...9
    )
    func links(size: Int) {
        for own in 0..<size {
            for peer in RankWatchState.links(of: own, size: size) {
                #expect(RankWatchState.links(of: peer, size: size).contains(own))
            }
        }
        for failed in 1..<(1 << size) - 1 {
            let isSeen = (0..<size).contains { own in
                failed >> own & 1 == 0
                    && RankWatchState.links(of: own, size: size).contains { failed >> $0 & 1 == 1 }
            }
            #expect(isSeen, "nobody sees the set \(failed) of \(size)")
        }
    }

    @Test("ranks that beat are fine, and are sent beats twice a second")
    func fine() {
        var scene = RankWatchScene(own: 0, size: 3)
        var beats = 0
        for step in 1...40 {
            scene.now = .milliseconds(250 * step)
            for peer in [1, 2] { scene.take(.beat(peer, pulse: 0)) }
            let actions = scene.state.handle(.tick(pulse: 0, isStopping: false), at: scene.now)
            beats += actions.count { $0 == .beat }
            #expect(actions.allSatisfy { $0 == .beat })
        }
        #expect(beats == 20)
    }

    @Test("a connection that closes is a rank that is gone, said within half a second")
    func closed() {
        var scene = RankWatchScene(own: 0, size: 4)
        scene.pass(2, beating: [1: 0, 2: 0, 3: 0])
        scene.take(.closed(2))
        let start = scene.now
        scene.pass(5, beating: [1: 0, 3: 0])
        #expect(scene.failure == RankFailure(kind: .gone, ranks: [2]))
        #expect(scene.now - start <= .milliseconds(500))
        #expect(scene.done.first == .announce([2], needsKill: false))
    }

    @Test("five seconds of silence are a rank that hangs; ranks that fail together stand in one sentence")
    func silent() {
        var scene = RankWatchScene(own: 0, size: 4)
        scene.pass(2, beating: [1: 0, 2: 0, 3: 0])
        let start = scene.now
        scene.pass(20, beating: [1: 0])
        #expect(scene.failure == RankFailure(kind: .silent(seconds: 5), ranks: [2, 3]))
        #expect(scene.done.first == .announce([2, 3], needsKill: true))
        #expect(scene.now - start >= .seconds(5) && scene.now - start < .seconds(6))
    }

    @Test("a rank that is heard again before the sentence is fine")
    func lateBeat() {
        var scene = RankWatchScene(own: 0, size: 2)
        scene.pass(4.75, beating: [:])
        scene.pass(10, beating: [1: 0])
        #expect(scene.done.isEmpty)
    }

    @Test("the lowest rank that lives speaks; another does so only if it hears nothing of it")
    func speaker() {
        var low = RankWatchScene(own: 1, size: 4)
        low.take(.closed(0))
        low.pass(5, beating: [2: 0])
        #expect(low.failure == RankFailure(kind: .gone, ranks: [0]))
        #expect(low.now <= .milliseconds(500))

        var high = RankWatchScene(own: 3, size: 4)
        high.take(.closed(0))
        high.pass(1, beating: [2: 0])
        #expect(high.done.isEmpty)
        high.take(.ending(about: 0, needsKill: false))
        #expect(high.done == [.announce([0], needsKill: false)])
        high.done = []
        high.pass(10, beating: [:])
        #expect(high.done == [.exit])

        var alone = RankWatchScene(own: 3, size: 4)
        alone.take(.closed(0))
        alone.pass(4, beating: [2: 0])
        #expect(alone.failure == RankFailure(kind: .gone, ranks: [0]))
        #expect(alone.now < .seconds(3))
    }

    @Test("who learns that the job ends says nothing, passes it on once, and ends processes that hang")
    func ending() {
        var scene = RankWatchScene(own: 2, size: 4)
        scene.take(.ending(about: 3, needsKill: true))
        #expect(scene.done == [.announce([3], needsKill: true), .kill([3])])
        scene.done = []
        scene.take(.ending(about: 0, needsKill: true))
        scene.take(.closed(1))
        #expect(scene.done == [.kill([0])])
        scene.done = []
        scene.pass(4, beating: [:])
        #expect(scene.done.isEmpty)
        scene.pass(2, beating: [:])
        #expect(scene.done == [.exit])

        var blamed = RankWatchScene(own: 2, size: 4)
        blamed.take(.ending(about: 2, needsKill: true))
        #expect(!blamed.done.contains(.kill([2])))
    }

    @Test("before the own goodbye, neither silence nor a closed connection of a rank that is done is a failure")
    func goodbye() {
        var scene = RankWatchScene(own: 0, size: 2)
        scene.take(.goodbye(1))
        scene.pass(10, beating: [:])
        scene.take(.closed(1))
        scene.pass(10, beating: [:])
        #expect(scene.done.isEmpty)
    }

    @Test("a process that did not run itself blames nobody, and gives everybody a fresh window")
    func suspended() {
        var scene = RankWatchScene(own: 0, size: 3)
        scene.pass(1, beating: [1: 0, 2: 0])
        scene.now += .seconds(3600)
        scene.take(.tick(pulse: 0, isStopping: false))
        scene.pass(4, beating: [1: 0])
        #expect(scene.done.isEmpty)
        scene.pass(3, beating: [1: 0])
        #expect(scene.failure == RankFailure(kind: .silent(seconds: 5), ranks: [2]))
    }

    @Test("a process that did not run does not count the time as waiting in an exchange")
    func suspendedInExchange() {
        var scene = RankWatchScene(own: 0, size: 2)
        scene.pulse = 3
        scene.pass(300, beating: [1: 2])
        scene.now += .seconds(3600)
        scene.pass(599, beating: [1: 2])
        #expect(scene.done.isEmpty)
        scene.pass(3, beating: [1: 2])
        #expect(scene.failure?.ranks == [1])
    }

    @Test("a rank that does not come to an exchange is named by rank 0, itself included")
    func deadlock() {
        var scene = RankWatchScene(own: 0, size: 4)
        scene.pulse = 7
        // Rank 3 still waits in the exchange before, for rank 2 as well.
        scene.pass(599, beating: [1: 7, 2: 4, 3: 5])
        #expect(scene.done.isEmpty)
        scene.pass(3, beating: [1: 7, 2: 4, 3: 5])
        #expect(scene.failure == RankFailure(kind: .missing(exchange: 4, seconds: 600), ranks: [2]))

        var own = RankWatchScene(own: 0, size: 3)
        own.pulse = 6
        own.pass(602, beating: [1: 7, 2: 7])
        #expect(own.failure == RankFailure(kind: .missing(exchange: 4, seconds: 600), ranks: [0]))

        var other = RankWatchScene(own: 1, size: 3)
        other.pulse = 7
        other.pass(700, beating: [0: 6, 2: 7])
        #expect(other.done.isEmpty)
    }

    @Test("an exchange in which all ranks are for too long is named too")
    func endless() {
        var scene = RankWatchScene(own: 0, size: 2)
        scene.pulse = 1
        scene.pass(602, beating: [1: 1])
        #expect(scene.failure == RankFailure(kind: .endless(exchange: 1, seconds: 600), ranks: [0, 1]))
    }

    @Test("ranks that come and go are never stuck, however long the run")
    func progress() {
        var scene = RankWatchScene(own: 0, size: 2)
        for step in 0..<10 as Range<UInt64> {
            scene.pulse = step * 2 + 1
            scene.pass(300, beating: [1: step * 2 + 1])
        }
        #expect(scene.done.isEmpty)
    }

    @Test("a rank that cannot be reached is named after half a minute")
    func unreached() {
        var scene = RankWatchScene(own: 0, size: 3, open: false)
        scene.take(.opened(1))
        scene.pass(29, beating: [1: 0])
        #expect(scene.done.isEmpty)
        scene.pass(3, beating: [1: 0])
        #expect(scene.failure == RankFailure(kind: .unreached(seconds: 30), ranks: [2]))
    }

    @Test("a job that was told to stop may lose its ranks one by one without a word")
    func stopping() {
        var scene = RankWatchScene(own: 0, size: 2)
        scene.isStopping = true
        scene.pass(2, beating: [1: 0])
        scene.take(.closed(1))
        let start = scene.now
        scene.pass(3, beating: [:])
        #expect(scene.done.isEmpty)
        scene.pass(2, beating: [:])
        #expect(scene.failure?.ranks == [1] && scene.now - start < .seconds(5))

        // The launcher answers the death of a rank with a signal to the others; that is no order of the user.
        var answered = RankWatchScene(own: 0, size: 2)
        answered.isStopping = true
        answered.take(.closed(1))
        answered.pass(1, beating: [:])
        #expect(answered.failure?.ranks == [1])
    }

    @Test("every failure is one sentence that names ranks and hosts and says what to do")
    func sentences() {
        let hosts = ["node1", "node1", "node7", "node7", "node8", "node8"]
        #expect(
            RankFailure(kind: .silent(seconds: 5), ranks: [2]).sentence(hosts: Array(hosts.prefix(4)))
                == "rank 2 of 4 on host node7 has not answered for 5 s; the job ends, and started again it goes on "
                + "from the newest checkpoint"
        )
        #expect(
            RankFailure(kind: .gone, ranks: [0, 1]).sentence(hosts: hosts)
                == "rank 0 of 6 on host node1, rank 1 of 6 on host node1 ended without a word; the job ends, and "
                + "started again it goes on from the newest checkpoint"
        )
        #expect(
            RankFailure(kind: .silent(seconds: 5), ranks: [0, 1, 2, 3, 4]).sentence(hosts: hosts)
                .contains("rank 3 of 6 on host node7 and 1 more have not answered for 5 s")
        )
        #expect(
            RankFailure(kind: .missing(exchange: 9, seconds: 600), ranks: [1]).sentence(hosts: hosts)
                == "rank 1 of 6 on host node1 has not come to exchange 9, where others have waited for 600 s; the job "
                + "ends, and started again it goes on from the newest checkpoint; --patience allows more"
        )
        #expect(
            RankFailure(kind: .endless(exchange: 9, seconds: 600), ranks: [1, 2]).sentence(hosts: hosts)
                .contains("have been in exchange 9 for 600 s, which does not end")
        )
        #expect(
            RankFailure(kind: .unreached(seconds: 30), ranks: [4]).sentence(hosts: hosts)
                == "rank 4 of 6 on host node8 could not be reached within 30 s; the job ends; open the TCP ports "
                + "between the hosts, or start it with --no-watch"
        )
    }
}
