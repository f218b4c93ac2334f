public import Communication
import Foundation
import Glibc
import Synchronization

/// Ends a job whose ranks cannot all go on, instead of letting the others wait for ever.
///
/// A thread of each rank exchanges beats with other ranks over TCP connections of its own, apart from all MPI calls. A rank that is gone,
/// stopped or cut off, or that does not come to an exchange where others wait, ends the job: one rank writes one sentence on standard error
/// that names it, and every process exits with code 1, which makes the launcher end the rest. A restarted job goes on from its checkpoint.
public final class RankWatch: Sendable {
    /// How long a rank may wait in an exchange for another, in seconds, unless something else is asked for.
    public static let usualPatience = 600

    private let pulse = Atomic<UInt64>(0)
    private let control: Int32

    private init(control: Int32) {
        self.control = control
    }

    deinit {
        close(control)
    }

    /// Starts the watch of a rank; all ranks call it together, before anything else.
    ///
    /// - Parameters:
    ///   - communicator: The ranks; used for handing round addresses and a key, and not kept.
    ///   - host: The name of this host, for people.
    ///   - patience: Seconds that a rank may wait in an exchange, above 0.
    ///   - isStopping: Whether this process was told to stop; asked on the watch's thread.
    /// - Returns: Nil for a group of one, which nobody needs to watch.
    /// - Throws: `CommunicationError.listen` if this host offers no port; whatever the communicator throws.
    public static func start(
        _ communicator: any Communicator,
        host: String,
        patience: Int = usualPatience,
        isStopping: @escaping @Sendable () -> Bool = { false }
    ) throws(CommunicationError) -> RankWatch? {
        guard communicator.size > 1 else { return nil }
        var limits = RankWatchState.Limits()
        limits.patience = .seconds(patience)
        let (place, listener) = try RankWatchPlace.agree(communicator, host: host)
        return start(place, listener: listener, limits: limits, isStopping: isStopping, ending: RankWatchEnding())
    }

    /// Starts the watch of a rank of which the others know already.
    static func start(
        _ place: RankWatchPlace,
        listener: Int32,
        limits: RankWatchState.Limits,
        isStopping: @escaping @Sendable () -> Bool,
        ending: RankWatchEnding
    ) -> RankWatch {
        var pair: [Int32] = [-1, -1]
        socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &pair)
        let watch = RankWatch(control: pair[0])
        let control = pair[1]
        let thread = Thread {
            RankWatchLoop(place, listener: listener, control: control, limits: limits, ending: ending)
                .run(pulse: { watch.pulse.load(ordering: .relaxed) }, isStopping: isStopping)
            close(control)
        }
        thread.name = "rank watch"
        thread.start()
        return watch
    }

    /// The trainer comes to an exchange, in which it may have to wait for other ranks.
    public func enterExchange() {
        pulse.add(1, ordering: .relaxed)
    }

    /// The exchange is over.
    public func leaveExchange() {
        pulse.add(1, ordering: .relaxed)
    }

    /// Tells the others that this rank is done, and returns when it may end its process; called after the last MPI call.
    ///
    /// Waits until the others are done too, on rank 0 until their processes are gone, so that none of them can hang there unnoticed. The
    /// thread goes on telling rank 0 that this process is there until it is not.
    public func finish() {
        guard command(.goodbye) else { return }
        var byte: UInt8 = 0
        while recv(control, &byte, 1, 0) < 0, errno == EINTR {}
    }

    /// Tells the others that this rank ends the job and says itself why, so that they do not blame it for being gone.
    public func announceEnd() {
        // The thread answers by closing its side, or is too busy to; then nothing is lost but silence.
        var limit = timeval(tv_sec: 2, tv_usec: 0)
        setsockopt(control, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        guard command(.ending) else { return }
        var byte: UInt8 = 0
        _ = recv(control, &byte, 1, 0)
    }

    /// Closes the connections without a word, as the end of the process does; returns when they are closed.
    func vanish() {
        shutdown(control, Int32(SHUT_WR))
        var byte: UInt8 = 0
        while recv(control, &byte, 1, 0) > 0 {}
    }

    private func command(_ kind: RankFrame.Kind) -> Bool {
        var byte = kind.rawValue
        return send(control, &byte, 1, Int32(MSG_NOSIGNAL)) == 1
    }
}

/// What the watches of a job know of each other when they start.
struct RankWatchPlace: Sendable {
    /// The own rank.
    var rank: Int
    /// Every rank's process.
    var members: [RankMember]
    /// What only the ranks of the job know.
    var key: [UInt8]

    /// Listens, and hands round addresses and the key; all ranks call it together.
    static func agree(
        _ communicator: any Communicator,
        host: String
    ) throws(CommunicationError) -> (place: RankWatchPlace, listener: Int32) {
        var own = RankMember.own(host: host)
        let found = try handRound(own, communicator)
        // Ranks of one machine need not be seen from outside of it.
        let isOneMachine = found.allSatisfy { $0.machine == own.machine }
        let candidates = isOneMachine ? ["127.0.0.1"] : ["::", "0.0.0.0"]
        let socket = candidates.lazy.compactMap(SocketAddress.listen).first
        own.port = socket?.port ?? 0
        let members = try handRound(own, communicator)
        var generator = SystemRandomNumberGenerator()
        let key = try communicator.broadcast((0..<RankFrame.keySize).map { _ in generator.next() }, from: 0)
        guard let socket, members.allSatisfy({ $0.port != 0 }), key.count == RankFrame.keySize else {
            let rank = members.firstIndex { $0.port == 0 } ?? communicator.rank
            throw .listen(host: members[rank].host, port: 0, reason: "rank \(rank) finds no free port for the watch")
        }
        return (RankWatchPlace(rank: communicator.rank, members: members, key: key), socket.descriptor)
    }

    private static func handRound(
        _ own: RankMember,
        _ communicator: any Communicator
    ) throws(CommunicationError) -> [RankMember] {
        var members: [RankMember] = []
        for rank in 0..<communicator.size {
            let bytes = try communicator.broadcast(own.encoded(), from: rank)
            // A rank of another version is a member that nobody can reach, and is reported as such.
            members.append(RankMember(bytes) ?? RankMember(host: "unknown", machine: "", process: 0, started: 0))
        }
        return members
    }
}
