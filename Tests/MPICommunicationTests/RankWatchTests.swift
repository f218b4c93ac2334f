import Communication
import Foundation
import Glibc
import TestSupport
import Testing

@testable import MPICommunication

/// Several watches of one process over real sockets; what they would do to the process is written down.
@Suite("The watch of ranks", .timeLimit(.minutes(5)))
struct RankWatchTests {
    @Test("lets one rank say why when another is silent, and ends all", arguments: [0, 1, 3])
    func silent(rank: Int) throws {
        let group = try RankWatchGroup(4, silent: [rank])
        let links = try group.silence(rank)
        let others = Set(0..<4).subtracting([rank])
        group.record.waitForExit(of: others)
        let speaker = rank == 0 ? 1 : 0
        let sentences = group.record.sentences
        #expect(sentences.count == 1)
        #expect(
            sentences.first?.hasPrefix("\(speaker): rank \(rank) of 4 on host node\(rank) has not answered") == true
        )
        #expect(group.record.said.contains("kill node\(rank)"))
        for link in links { close(link) }
    }

    @Test("sees at once that a rank is gone")
    func gone() throws {
        let group = try RankWatchGroup(3, silent: [2])
        for link in try group.silence(2) { close(link) }
        group.record.waitForExit(of: [0, 1])
        let said = group.record.said
        #expect(said.count == 1 && said[0].hasPrefix("0: rank 2 of 3 on host node2 ended without a word"))
    }

    @Test("is silent when a rank has announced that it ends the job")
    func announced() throws {
        let group = try RankWatchGroup(3, silent: [2])
        let notice = RankFrame(.ending, from: 2, about: 2).encoded(key: RankWatchGroup.key)
        for link in try group.silence(2) {
            #expect(send(link, notice, notice.count, Int32(MSG_NOSIGNAL)) == notice.count)
            RankWatchGroup.finish(link)
        }
        group.record.waitForExit(of: [0, 1])
        #expect(group.record.said.isEmpty)
    }

    @Test("names a rank that does not come to an exchange")
    func missing() throws {
        let group = try RankWatchGroup(3)
        for rank in [0, 2] { group.watches[rank]?.enterExchange() }
        group.record.waitForExit(of: [0, 1, 2])
        let sentences = group.record.sentences
        #expect(sentences.count == 1)
        #expect(sentences.first?.hasPrefix("0: rank 1 of 3 on host node1 has not come to exchange 1") == true)
    }

    @Test("is not disturbed by strangers, whatever they send")
    func strangers() throws {
        var random = SeededGenerator(seed: 5)
        // Rank 2 never starts, so the others go on listening.
        let group = try RankWatchGroup(3, silent: [2])
        for attempt in 0..<100 {
            let stranger = try #require(RankWatchGroup.dial(group.members[0].port))
            var bytes = RankFrame(.hello, from: 2, about: 0).encoded(key: RankWatchGroup.key)
            switch attempt % 4 {
            case 0: bytes[Int.random(in: 24..<RankFrame.size, using: &random)] ^= 1
            case 1: bytes = (0..<1000).map { _ in random.next() }
            case 2: bytes = RankFrame(.hello, from: 77, about: 0).encoded(key: RankWatchGroup.key)
            default: bytes = RankFrame(.beat, from: 2, about: 0).encoded(key: RankWatchGroup.key)
            }
            #expect(send(stranger, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count)
            RankWatchGroup.finish(stranger)
        }
        #expect(group.record.said.isEmpty)
        let links = try group.silence(2)
        group.record.waitForExit(of: [0, 1])
        #expect(group.record.sentences.count == 1)
        for link in links { close(link) }
    }

    @Test("hands round addresses and one key over the ranks' own group")
    func agreement() async throws {
        let group = LocalGroup(size: 3)
        let places = try await withThrowingTaskGroup(of: RankWatchPlace.self) { tasks in
            for rank in 0..<3 { tasks.addTask { try await Self.agree(group, rank: rank) } }
            return try await tasks.reduce(into: []) { $0.append($1) }.sorted { $0.rank < $1.rank }
        }
        #expect(places.map(\.rank) == [0, 1, 2])
        #expect(Set(places.map(\.key)).count == 1 && places[0].key.count == RankFrame.keySize)
        #expect(places[1].members == places[2].members && places[0].members.map(\.host) == ["node0", "node1", "node2"])
        #expect(try RankWatch.start(SingleCommunicator(), host: "node") == nil)
    }
}

extension RankWatchTests {
    // The members of a group block each other, so each needs a thread of its own.
    private static func agree(_ group: LocalGroup, rank: Int) async throws -> RankWatchPlace {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(
                    with: Result {
                        let (place, listener) = try RankWatchPlace.agree(group.member(rank), host: "node\(rank)")
                        close(listener)
                        return place
                    }
                )
            }
        }
    }
}
