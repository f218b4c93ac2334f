import Communication
import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import MPICommunication

/// Several watches of one process over real sockets; what they would do to the process is written down.
@Suite("The watch of ranks", .timeLimit(.minutes(1)))
struct RankWatchTests {
    /// What the watches of a test did.
    private final class Record: Sendable {
        private let entries = Mutex<[String]>([])
        private let exits: (read: Int32, write: Int32)

        init() {
            var pair: [Int32] = [-1, -1]
            pipe(&pair)
            exits = (pair[0], pair[1])
        }

        deinit {
            close(exits.read)
            close(exits.write)
        }

        func add(_ text: String) { entries.withLock { $0.append(text) } }
        var said: [String] { entries.withLock { $0 } }
        var sentences: [String] { said.filter { !$0.hasPrefix("kill") } }

        func exit(_ rank: Int) {
            var byte = UInt8(rank)
            _ = write(exits.write, &byte, 1)
        }

        /// Blocks until all of these ranks have ended their process.
        func waitForExit(of ranks: Set<Int>) {
            var missing = ranks
            var byte: UInt8 = 0
            while !missing.isEmpty, read(exits.read, &byte, 1) == 1 { missing.remove(Int(byte)) }
        }
    }

    private static let key = [UInt8](repeating: 9, count: RankFrame.keySize)

    private static var limits: RankWatchState.Limits {
        var limits = RankWatchState.Limits()
        limits.silence = .milliseconds(1500)
        limits.beat = .milliseconds(100)
        limits.settling = .milliseconds(50)
        limits.deference = .milliseconds(500)
        limits.ending = .milliseconds(500)
        limits.patience = .seconds(1)
        return limits
    }

    private struct Group {
        var watches: [RankWatch?]
        var members: [RankMember]
        var listeners: [Int32]
        let record = Record()

        /// Watches of all ranks but the silent ones, which listen and say nothing.
        init(_ size: Int, silent: Set<Int> = []) throws {
            let sockets = try (0..<size).map { _ in try #require(SocketAddress.listen("127.0.0.1")) }
            listeners = sockets.map(\.descriptor)
            members = sockets.enumerated().map { rank, socket in
                RankMember(host: "node\(rank)", machine: "one", process: 0, started: 0, port: socket.port)
            }
            watches = []
            for rank in 0..<size {
                let place = RankWatchPlace(rank: rank, members: members, key: RankWatchTests.key)
                watches.append(silent.contains(rank) ? nil : start(place))
            }
        }

        private func start(_ place: RankWatchPlace) -> RankWatch {
            let (record, rank) = (record, place.rank)
            let ending = RankWatchEnding(
                speak: { record.add("\(rank): \($0)") },
                kill: { member, _ in record.add("kill \(member.host)") },
                exit: { record.exit(rank) }
            )
            return RankWatch.start(
                place,
                listener: listeners[rank],
                limits: RankWatchTests.limits,
                isStopping: { false },
                ending: ending
            )
        }
    }

    @Test("says nothing as long as all live, and at their end")
    func normal() throws {
        let group = try Group(4)
        for watch in group.watches {
            watch?.enterExchange()
            watch?.leaveExchange()
        }
        for watch in group.watches { watch?.finish() }
        #expect(group.record.said.isEmpty)
    }

    @Test("lets one rank say why when another is silent, and ends all", arguments: [0, 1, 3])
    func silent(rank: Int) throws {
        let group = try Group(4, silent: [rank])
        let links = try silence(rank, in: group)
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
        let group = try Group(3, silent: [2])
        for link in try silence(2, in: group) { close(link) }
        group.record.waitForExit(of: [0, 1])
        let said = group.record.said
        #expect(said.count == 1 && said[0].hasPrefix("0: rank 2 of 3 on host node2 ended without a word"))
    }

    @Test("is silent when a rank has announced that it ends the job")
    func announced() throws {
        let group = try Group(3, silent: [2])
        let notice = RankFrame(.ending, from: 2, about: 2).encoded(key: Self.key)
        for link in try silence(2, in: group) {
            #expect(send(link, notice, notice.count, Int32(MSG_NOSIGNAL)) == notice.count)
            finish(link)
        }
        group.record.waitForExit(of: [0, 1])
        #expect(group.record.said.isEmpty)
    }

    @Test("names a rank that does not come to an exchange")
    func missing() throws {
        let group = try Group(3)
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
        let group = try Group(3, silent: [2])
        for attempt in 0..<100 {
            let stranger = try #require(dial(group.members[0].port))
            var bytes = RankFrame(.hello, from: 2, about: 0).encoded(key: Self.key)
            switch attempt % 4 {
            case 0: bytes[Int.random(in: 24..<RankFrame.size, using: &random)] ^= 1
            case 1: bytes = (0..<1000).map { _ in random.next() }
            case 2: bytes = RankFrame(.hello, from: 77, about: 0).encoded(key: Self.key)
            default: bytes = RankFrame(.beat, from: 2, about: 0).encoded(key: Self.key)
            }
            #expect(send(stranger, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count)
            finish(stranger)
        }
        #expect(group.record.said.isEmpty)
        let links = try silence(2, in: group)
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

    /// Links a rank as its watch would, and leaves it at that.
    private func silence(_ rank: Int, in group: Group) throws -> [Int32] {
        var links: [Int32] = []
        for peer in RankWatchState.links(of: rank, size: group.members.count) {
            if peer < rank {
                let link = try #require(dial(group.members[peer].port))
                let hello = RankFrame(.hello, from: rank, about: peer).encoded(key: Self.key)
                #expect(send(link, hello, hello.count, Int32(MSG_NOSIGNAL)) == hello.count)
                links.append(link)
            } else {
                // Whoever dials waits in the queue of the listener.
                var ready = pollfd(fd: group.listeners[rank], events: Int16(POLLIN), revents: 0)
                #expect(poll(&ready, 1, 5000) == 1)
                let link = try #require(SocketAddress.accept(group.listeners[rank]))
                var sender = pollfd(fd: link, events: Int16(POLLIN), revents: 0)
                #expect(poll(&sender, 1, 5000) == 1)
                var bytes = [UInt8](repeating: 0, count: RankFrame.size)
                #expect(recv(link, &bytes, bytes.count, 0) == RankFrame.size)
                let from = try #require(RankFrame(bytes[...], key: Self.key)).sender
                let hello = RankFrame(.hello, from: rank, about: Int(from)).encoded(key: Self.key)
                #expect(send(link, hello, hello.count, Int32(MSG_NOSIGNAL)) == hello.count)
                links.append(link)
            }
        }
        return links
    }

    /// Closes a connection after the other side has.
    private func finish(_ link: Int32) {
        shutdown(link, Int32(SHUT_WR))
        _ = fcntl(link, F_SETFL, 0)
        var bytes = [UInt8](repeating: 0, count: 4096)
        while recv(link, &bytes, bytes.count, 0) > 0 {}
        close(link)
    }

    private func dial(_ port: UInt16) -> Int32? {
        guard let descriptor = SocketAddress.dial("127.0.0.1", port: port) else { return nil }
        var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        return poll(&ready, 1, 5000) == 1 ? descriptor : nil
    }
}
