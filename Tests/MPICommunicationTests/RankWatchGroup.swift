import Glibc
import Synchronization
import Testing

@testable import MPICommunication

/// What the watches of a test did.
final class RankWatchRecord: Sendable {
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

/// Several watches of one process over real sockets.
struct RankWatchGroup {
    static let key = [UInt8](repeating: 9, count: RankFrame.keySize)

    static var limits: RankWatchState.Limits {
        var limits = RankWatchState.Limits()
        limits.silence = .milliseconds(1500)
        limits.beat = .milliseconds(100)
        limits.settling = .milliseconds(50)
        limits.deference = .milliseconds(500)
        limits.ending = .milliseconds(500)
        limits.patience = .seconds(1)
        return limits
    }

    var watches: [RankWatch?]
    var members: [RankMember]
    var listeners: [Int32]
    let record = RankWatchRecord()

    /// Watches of all ranks but the silent ones, which listen and say nothing.
    init(_ size: Int, silent: Set<Int> = []) throws {
        let sockets = try (0..<size).map { _ in try #require(SocketAddress.listen("127.0.0.1")) }
        listeners = sockets.map(\.descriptor)
        members = sockets.enumerated().map { rank, socket in
            RankMember(host: "node\(rank)", machine: "one", process: 0, started: 0, port: socket.port)
        }
        watches = []
        for rank in 0..<size {
            let place = RankWatchPlace(rank: rank, members: members, key: RankWatchGroup.key)
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
            limits: RankWatchGroup.limits,
            isStopping: { false },
            ending: ending
        )
    }
}

extension RankWatchGroup {
    /// Links a rank as its watch would, and leaves it at that.
    func silence(_ rank: Int) throws -> [Int32] {
        var links: [Int32] = []
        for peer in RankWatchState.links(of: rank, size: members.count) {
            if peer < rank {
                let link = try #require(Self.dial(members[peer].port))
                let hello = RankFrame(.hello, from: rank, about: peer).encoded(key: Self.key)
                #expect(send(link, hello, hello.count, Int32(MSG_NOSIGNAL)) == hello.count)
                links.append(link)
            } else {
                // Whoever dials waits in the queue of the listener.
                var ready = pollfd(fd: listeners[rank], events: Int16(POLLIN), revents: 0)
                #expect(poll(&ready, 1, 5000) == 1)
                let link = try #require(SocketAddress.accept(listeners[rank]))
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
    static func finish(_ link: Int32) {
        shutdown(link, Int32(SHUT_WR))
        _ = fcntl(link, F_SETFL, 0)
        var bytes = [UInt8](repeating: 0, count: 4096)
        while recv(link, &bytes, bytes.count, 0) > 0 {}
        close(link)
    }

    static func dial(_ port: UInt16) -> Int32? {
        guard let descriptor = SocketAddress.dial("127.0.0.1", port: port) else { return nil }
        var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        return poll(&ready, 1, 5000) == 1 ? descriptor : nil
    }
}
