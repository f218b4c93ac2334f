import Logging
import NIOCore
import NIOPosix
import Synchronization

/// Knows the attempts under way, dials their members, and decides which connection belongs to which attempt.
final class PeerSwitchboard: Sendable {
    /// What becomes of a connection that said hello.
    enum Judgement {
        case accepted(PeerLinks, peer: Int, welcome: Frame)
        case waits
        case refused(String)
    }

    private struct AttemptID: Hashable {
        var round: UInt64
        var attempt: UInt16
    }

    private struct State {
        var attempts: [AttemptID: PeerLinks] = [:]
        var strangers: [ObjectIdentifier: any Channel] = [:]
        /// The key of the last attempt that was abandoned, which may be opened later.
        var abandoned: [UInt8]?
        var isClosed = false
    }

    private let loop: any EventLoop
    private let logger: Logger
    private let state = Mutex(State())

    /// How long a connection may take to prove itself, and how long a hello may come before its attempt is known here.
    static let greetingTime = TimeAmount.seconds(30)
    /// How long a member that refuses connections is dialled again.
    static let dialPatience = TimeAmount.seconds(2)
    /// The most connections that have not proven themselves.
    static let largestStrangerCount = 256

    init(on loop: any EventLoop, logger: Logger) {
        self.loop = loop
        self.logger = logger
    }

    /// Sets up a new connection.
    func prepare(_ channel: any Channel, _ handler: @autoclosure () -> PeerHandler) -> EventLoopFuture<Void> {
        do {
            try channel.pipeline.syncOperations.addHandler(handler())
            let options = channel.syncOptions
            try options?.setOption(.tcpOption(.tcp_nodelay), value: 1)
            try options?.setOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 256 * 1024))
            try options?.setOption(.maxMessagesPerRead, value: 4)
            return channel.eventLoop.makeSucceededVoidFuture()
        } catch {
            return channel.eventLoop.makeFailedFuture(error)
        }
    }
}

// Called by the network, from the owner's thread.
extension PeerSwitchboard {
    /// Begins to connect the members of an attempt; nil if the network is closed.
    func open(_ group: RoundGroup, rank: Int) -> PeerLinks? {
        let links = PeerLinks(group: group, rank: rank, on: loop)
        let id = AttemptID(round: group.round, attempt: UInt16(group.attempt))
        let (isOpen, previous, strangers) = state.withLock { state in
            guard !state.isClosed else { return (false, nil as PeerLinks?, [any Channel]()) }
            if state.abandoned == group.key { links.events.put(.abandoned) }
            return (true, state.attempts.updateValue(links, forKey: id), Array(state.strangers.values))
        }
        guard isOpen else { return nil }
        previous?.close()
        for stranger in strangers { stranger.pipeline.fireUserInboundEventTriggered(PeerHandler.AttemptOpened()) }
        let since = NIODeadline.now()
        for peer in group.members.indices where peer != rank {
            switch dialler(group, rank, peer) {
            case rank: dial(peer, for: links, since: since)
            case peer: break
            default: links.lose(peer, reason: "neither side has a port that can be dialled")
            }
        }
        return links
    }

    /// Tells the owner of an attempt that it cannot count any more.
    func abandon(key: [UInt8]) {
        let links = state.withLock { state in
            state.abandoned = key
            return state.attempts.values.filter { $0.group.key == key }
        }
        for links in links { links.events.put(.abandoned) }
    }

    /// Ends an attempt.
    func end(_ links: PeerLinks) {
        let id = AttemptID(round: links.group.round, attempt: UInt16(links.group.attempt))
        state.withLock { state in
            if state.attempts[id] === links { state.attempts[id] = nil }
        }
        links.close()
    }

    /// Ends all attempts and lets nobody in any more.
    func close() {
        let (attempts, strangers) = state.withLock { state in
            state.isClosed = true
            defer {
                state.attempts = [:]
                state.strangers = [:]
            }
            return (Array(state.attempts.values), Array(state.strangers.values))
        }
        for links in attempts { links.close() }
        for stranger in strangers { stranger.close(promise: nil) }
    }

    private func dial(_ peer: Int, for links: PeerLinks, since: NIODeadline) {
        let member = links.group.members[peer]
        ClientBootstrap(group: loop)
            .connectTimeout(.seconds(5))
            .channelInitializer { self.prepare($0, PeerHandler(dialling: peer, for: links, of: self, since: since)) }
            .connect(host: member.host, port: member.port)
            .whenFailure { self.dialFailed(peer, for: links, since: since, reason: "it cannot be dialled (\($0))") }
    }
}

// Called by handlers, on the event loop.
extension PeerSwitchboard {
    /// Counts a connection that has not proven itself; false if there are too many.
    func admit(_ stranger: any Channel) -> Bool {
        state.withLock { state in
            guard !state.isClosed, state.strangers.count < Self.largestStrangerCount else { return false }
            state.strangers[ObjectIdentifier(stranger)] = stranger
            return true
        }
    }

    /// The connection has proven itself or is gone.
    func forget(_ stranger: any Channel) {
        _ = state.withLock { $0.strangers.removeValue(forKey: ObjectIdentifier(stranger)) }
    }

    /// Dials again, or gives the member up if it has been tried for long enough.
    func dialFailed(_ peer: Int, for links: PeerLinks, since: NIODeadline, reason: String) {
        guard !links.isClosed else { return }
        guard NIODeadline.now() - since < Self.dialPatience else { return links.lose(peer, reason: reason) }
        loop.scheduleTask(in: .milliseconds(100)) { self.dial(peer, for: links, since: since) }
    }

    /// Decides about a connection by its hello.
    func judge(_ hello: Frame, challenge: [UInt8]) -> Judgement {
        let id = AttemptID(round: hello.round, attempt: hello.attempt)
        guard let links = state.withLock({ $0.attempts[id] }) else { return .waits }
        let payload = Array(hello.payload.readableBytesView)
        let peer = Int(hello.sender)
        guard payload.count == Handshake.nonceSize + Handshake.proofSize, hello.start == links.rank,
            links.group.members.indices.contains(peer), dialler(links.group, links.rank, peer) == peer
        else { return .refused("its hello does not fit the group") }
        let handshake = Handshake(
            challenge: challenge,
            answer: Array(payload.prefix(Handshake.nonceSize)),
            round: hello.round,
            attempt: hello.attempt,
            dialler: hello.sender,
            listener: UInt16(links.rank)
        )
        let key = links.group.key
        guard handshake.verify(Array(payload.suffix(Handshake.proofSize)), .hello, key: key) else {
            return .refused("it does not hold the key of the round")
        }
        var welcome = Frame(.welcome)
        welcome.round = hello.round
        welcome.attempt = hello.attempt
        welcome.sender = UInt16(links.rank)
        welcome.payload.writeBytes(handshake.proof(.welcome, key: key))
        return .accepted(links, peer: peer, welcome: welcome)
    }

    /// Notes why a connection was not accepted.
    func noteRefusal(of address: SocketAddress?, reason: String) {
        logger.debug(
            "refused a connection",
            metadata: ["address": "\(address?.description ?? "-")", "reason": "\(reason)"]
        )
    }

    /// Which of two members dials: the higher rank, or the lower one if only the higher can be dialled; nil if neither can be.
    private func dialler(_ group: RoundGroup, _ first: Int, _ second: Int) -> Int? {
        let (lower, higher) = (min(first, second), max(first, second))
        if group.members[lower].port > 0 { return lower == higher ? nil : higher }
        return group.members[higher].port > 0 ? lower : nil
    }
}

/// Takes Reno instead of the system's congestion control within a machine: BBR, a usual default, paces itself to half the speed there.
///
/// Between machines the system's choice stays, because BBR is the better one where packets get lost.
func setCongestionControl(_ channel: any Channel) {
    guard let address = channel.remoteAddress?.ipAddress, address == channel.localAddress?.ipAddress else { return }
    // `TCP_CONGESTION`; refused where an administrator does not allow Reno, and then nothing changes.
    let option = NIOBSDSocket.Option(rawValue: 13)
    let reno: (UInt8, UInt8, UInt8, UInt8) = (0x72, 0x65, 0x6E, 0x6F)
    _ = (channel as? any SocketOptionProvider)?.unsafeSetSocketOption(level: .tcp, name: option, value: reno)
}
