import Foundation
import Glibc
import Testing

@testable import MPICommunication

@Suite("The watch of a rank that is done, as a state machine")
struct RankWatchPartingStateTests {
    @Test("a rank that is done goes when all its neighbours are done or gone, at once")
    func leaves() {
        var scene = RankWatchScene(own: 2, size: 5)
        scene.take(.goodbye(1))
        scene.take(.finished)
        #expect(scene.done == [.goodbye])
        scene.done = []
        scene.pass(60, beating: [0: 0, 1: 0, 3: 0])
        #expect(scene.done.isEmpty)
        scene.take(.goodbye(0))
        scene.take(.closed(3))
        scene.take(.tick(pulse: 0, isStopping: false))
        #expect(scene.done == [.leave])
        scene.done = []
        // Until its process ends it only says that it is there.
        scene.pass(60, beating: [:])
        #expect(scene.done.isEmpty)
    }

    @Test("rank 0 stays until the other processes are gone")
    func stays() {
        var scene = RankWatchScene(own: 0, size: 3)
        scene.take(.finished)
        for peer in [1, 2] { scene.take(.goodbye(peer)) }
        scene.take(.closed(1))
        scene.done = []
        scene.pass(60, beating: [2: 0])
        #expect(scene.done.isEmpty)
        scene.take(.closed(2))
        scene.take(.tick(pulse: 0, isStopping: false))
        #expect(scene.done == [.leave])
    }

    @Test("a rank that is stopped in its last MPI call is named by whoever is done", arguments: [0, 1])
    func stoppedBeforeGoodbye(own: Int) {
        var scene = RankWatchScene(own: own, size: 3)
        let stopped = own == 0 ? 2 : 0
        for peer in scene.peers where peer != stopped { scene.take(.goodbye(peer)) }
        scene.take(.finished)
        scene.done = []
        scene.pass(20, beating: own == 0 ? [1: 0] : [2: 0])
        #expect(scene.failure == RankFailure(kind: .silent(seconds: 5), ranks: [stopped]))
        #expect(scene.now < .seconds(6))
    }

    @Test("a rank that is stopped after its goodbye is named by rank 0")
    func stoppedAfterGoodbye() {
        var scene = RankWatchScene(own: 0, size: 3)
        scene.take(.finished)
        for peer in [1, 2] { scene.take(.goodbye(peer)) }
        scene.take(.closed(1))
        scene.done = []
        scene.pass(20, beating: [:])
        #expect(scene.failure == RankFailure(kind: .silent(seconds: 5), ranks: [2]))
    }

    @Test("a connection that is not made when the rank is done is waited for one second, and hears the goodbye")
    func unopened() {
        var scene = RankWatchScene(own: 1, size: 3, open: false)
        scene.take(.finished)
        scene.done = []
        scene.take(.opened(0))
        #expect(scene.done == [.goodbye])
        scene.take(.goodbye(0))
        scene.done = []
        scene.pass(0.75, beating: [:])
        #expect(scene.done.isEmpty)
        scene.pass(0.5, beating: [:])
        #expect(scene.done == [.leave])
    }
}

/// The end of a job over real sockets; `vanish` stands for the end of a process.
@Suite("The watch of ranks that are done", .timeLimit(.minutes(5)))
struct RankWatchPartingTests {
    /// Lets ranks come to their end, each on a thread as in its own process; returns when all are through.
    private func finish(_ ranks: [Int], in group: RankWatchGroup) {
        let threads = DispatchGroup()
        for rank in ranks {
            threads.enter()
            let watch = group.watches[rank]
            Thread.detachNewThread {
                watch?.finish()
                watch?.vanish()
                threads.leave()
            }
        }
        threads.wait()
    }

    @Test("says nothing when all ranks end")
    func normal() throws {
        let group = try RankWatchGroup(4)
        for watch in group.watches {
            watch?.enterExchange()
            watch?.leaveExchange()
        }
        finish([0, 1, 2, 3], in: group)
        #expect(group.record.said.isEmpty)
    }

    @Test("ends a job whose last ranks wait for one that says no goodbye", arguments: [0, 1, 2])
    func silentBeforeGoodbye(rank: Int) throws {
        let group = try RankWatchGroup(3, silent: [rank])
        let links = try group.silence(rank)
        let others = [0, 1, 2].filter { $0 != rank }
        finish(others, in: group)
        group.record.waitForExit(of: Set(others))
        #expect(group.record.sentences.count == 1)
        #expect(group.record.said.contains("kill node\(rank)"))
        for link in links { close(link) }
    }

    @Test("ends a job whose process hangs after its goodbye")
    func silentAfterGoodbye() throws {
        let group = try RankWatchGroup(3, silent: [2])
        let goodbye = RankFrame(.goodbye, from: 2, about: 2).encoded(key: RankWatchGroup.key)
        let links = try group.silence(2)
        for link in links {
            #expect(send(link, goodbye, goodbye.count, Int32(MSG_NOSIGNAL)) == goodbye.count)
        }
        finish([0, 1], in: group)
        group.record.waitForExit(of: [0])
        let sentences = group.record.sentences
        #expect(sentences.count == 1)
        #expect(sentences.first?.hasPrefix("0: rank 2 of 3 on host node2 has not answered") == true)
        #expect(group.record.said.contains("kill node2"))
        for link in links { close(link) }
    }
}
