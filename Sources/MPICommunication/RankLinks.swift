import Glibc

/// The connections of one rank's watch: listens, dials, greets, and drops strangers; used on one thread.
///
/// Of two linked ranks the higher one dials. Either side must show the key of the job before anything else is listened to.
final class RankLinks {
    /// What happened on the connections.
    enum Event: Equatable {
        /// The connection with a rank stands.
        case opened(Int)
        /// A rank sent this.
        case received(Int, RankFrame)
        /// The connection with a rank is over.
        case closed(Int)
    }

    /// The most connections that have not said who they are.
    static let strangerLimit = 64
    /// How long one may take to say it, and one address to answer a dial.
    static let patience = Duration.seconds(3)

    private let own: Int
    private let members: [RankMember]
    private let key: [UInt8]
    private var listener: Int32?
    private var open: [Int: RankLink] = [:]
    private var strangers: [RankLink] = []
    private var dials: [Int: Dial] = [:]
    private var awaited: Set<Int>

    private struct Dial {
        var link: RankLink?
        var attempts = 0
        var notBefore: Duration
    }

    /// The connections of rank `own` with `peers`; takes over the listening socket.
    init(own: Int, peers: [Int], members: [RankMember], key: [UInt8], listener: Int32, at now: Duration) {
        self.own = own
        self.members = members
        self.key = key
        self.listener = listener
        awaited = Set(peers.filter { $0 > own })
        for peer in peers where peer < own { dials[peer] = Dial(notBefore: now) }
    }

    deinit {
        if let listener { close(listener) }
    }

    /// Sends a frame to all linked ranks.
    func send(_ kind: RankFrame.Kind, about subject: Int? = nil, pulse: UInt64 = 0) {
        for (rank, link) in open { link.send(RankFrame(kind, from: own, about: subject ?? rank, pulse: pulse)) }
    }

    /// Waits until something happens, `extra` can be read or the time is over; returns what happened, ranks in order.
    func wait(_ time: Duration, extra: Int32, at now: Duration) -> [Event] {
        dial(now)
        var links: [(rank: Int?, link: RankLink)] = open.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        links += dials.compactMap { entry in entry.value.link.map { (nil, $0) } } + strangers.map { (nil, $0) }
        var polled = links.map { pollfd(fd: $0.link.descriptor, events: $0.link.interest, revents: 0) }
        polled.append(pollfd(fd: extra, events: Int16(POLLIN), revents: 0))
        polled.append(pollfd(fd: listener ?? -1, events: Int16(POLLIN), revents: 0))
        let milliseconds = time.components.seconds * 1000 + time.components.attoseconds / 1_000_000_000_000_000
        guard poll(&polled, nfds_t(polled.count), Int32(clamping: max(0, milliseconds))) > 0 else { return [] }
        var events: [Event] = []
        for (place, (rank, link)) in links.enumerated() where polled[place].revents != 0 {
            let found = link.receive(polled[place].revents)
            if let rank {
                events += found.frames.map { .received(rank, $0) }
                if found.isOver {
                    open[rank] = nil
                    events.append(.closed(rank))
                }
            } else {
                events += greet(link, found.frames, isOver: found.isOver, now)
            }
        }
        if polled[links.count + 1].revents != 0 { takeStrangers(now) }
        return events
    }

    /// Says that nothing more will be sent.
    func finishSending() {
        for link in open.values { link.finishSending() }
    }

    /// Whether all connections stand or have stood.
    var isComplete: Bool { dials.isEmpty && awaited.isEmpty }
    /// Whether no connection stands.
    var isEmpty: Bool { open.isEmpty }
}

extension RankLinks {
    // Starts what is due, gives up what takes too long, and greets first.
    private func dial(_ now: Duration) {
        strangers.removeAll { now - $0.since > Self.patience }
        for (rank, dial) in dials {
            if let link = dial.link, link.isDialing, now - link.since > Self.patience {
                retry(rank, now)
                continue
            }
            guard dial.link == nil, dial.notBefore <= now else { continue }
            let addresses = addresses(of: rank)
            guard !addresses.isEmpty else { continue }
            let address = addresses[dial.attempts % addresses.count]
            guard let descriptor = SocketAddress.dial(address, port: members[rank].port) else {
                retry(rank, now)
                continue
            }
            let link = RankLink(descriptor, key: key, isDialing: true, at: now)
            link.send(RankFrame(.hello, from: own, about: rank))
            dials[rank]?.link = link
        }
    }

    private func addresses(of rank: Int) -> [String] {
        members[rank].machine == members[own].machine ? ["127.0.0.1"] : members[rank].addresses
    }

    private func retry(_ rank: Int, _ now: Duration) {
        let attempts = (dials[rank]?.attempts ?? 0) + 1
        dials[rank] = Dial(attempts: attempts, notBefore: now + .milliseconds(100))
    }

    // The first frame must be a hello from a rank that is expected, to this one.
    private func greet(_ link: RankLink, _ frames: [RankFrame], isOver: Bool, _ now: Duration) -> [Event] {
        guard let hello = frames.first else {
            if isOver { drop(link, now) }
            return []
        }
        let rank = Int(hello.sender)
        guard hello.kind == .hello, Int(hello.subject) == own else {
            drop(link, now)
            return []
        }
        if dials[rank]?.link === link {
            dials[rank] = nil
        } else if strangers.contains(where: { $0 === link }), awaited.remove(rank) != nil {
            strangers.removeAll { $0 === link }
            link.send(RankFrame(.hello, from: own, about: rank))
        } else {
            drop(link, now)
            return []
        }
        if !isOver { open[rank] = link }
        closeListenerIfComplete()
        return [.opened(rank)] + frames.dropFirst().map { .received(rank, $0) } + (isOver ? [.closed(rank)] : [])
    }

    private func drop(_ link: RankLink, _ now: Duration) {
        strangers.removeAll { $0 === link }
        if let rank = dials.first(where: { $0.value.link === link })?.key { retry(rank, now) }
    }

    private func takeStrangers(_ now: Duration) {
        guard let listener else { return }
        while let descriptor = SocketAddress.accept(listener) {
            if strangers.count >= Self.strangerLimit { strangers.removeFirst() }
            strangers.append(RankLink(descriptor, key: key, isDialing: false, at: now))
        }
    }

    // Once everybody is here, nobody else has business with this port.
    private func closeListenerIfComplete() {
        guard awaited.isEmpty, let listener else { return }
        close(listener)
        self.listener = nil
        strangers = []
    }
}
