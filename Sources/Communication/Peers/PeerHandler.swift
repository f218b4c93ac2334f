import NIOCore

/// One connection: greets, proves, and then turns bytes into frames for the links and frames into bytes.
final class PeerHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = Frame
    typealias OutboundOut = ByteBuffer

    /// Told to a connection whose attempt may have begun meanwhile.
    struct AttemptOpened: Sendable {}

    private enum Phase {
        case connecting
        case expectsHello(challenge: [UInt8])
        case waitsForAttempt(challenge: [UInt8], hello: Frame)
        case expectsChallenge
        case expectsWelcome(Handshake)
        case open(PeerLinks, peer: Int)
        case closed
    }

    private struct Target {
        var links: PeerLinks
        var peer: Int
        var since: NIODeadline
    }

    private let target: Target?
    private let switchboard: PeerSwitchboard
    private var phase = Phase.connecting
    private var greetingTimeout: Scheduled<Void>?
    private var decoder = FrameDecoder(largestPayload: Handshake.largestPayload)
    private var failure: String?

    /// The handler of a connection that was accepted.
    init(acceptedBy switchboard: PeerSwitchboard) {
        self.switchboard = switchboard
        target = nil
    }

    /// The handler of a connection that was dialled.
    init(dialling peer: Int, for links: PeerLinks, of switchboard: PeerSwitchboard, since: NIODeadline) {
        self.switchboard = switchboard
        target = Target(links: links, peer: peer, since: since)
    }

    func channelActive(context: ChannelHandlerContext) {
        setCongestionControl(context.channel)
        let channel = context.channel
        greetingTimeout = channel.eventLoop.scheduleTask(in: PeerSwitchboard.greetingTime) {
            channel.close(promise: nil)
        }
        guard target == nil else { return phase = .expectsChallenge }
        guard switchboard.admit(channel) else { return refuse("there are too many connections", context) }
        let challenge = Handshake.nonce()
        phase = .expectsHello(challenge: challenge)
        var frame = Frame(.challenge)
        frame.payload.writeBytes(challenge)
        send(frame, context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        do throws(FrameError) {
            while let frame = try decoder.next(from: &bytes) { receive(frame, context) }
        } catch {
            refuse(error.description, context)
        }
    }

    func read(context: ChannelHandlerContext) {
        if case .open(let links, let peer) = phase, !links.mayRead(from: peer) { return }
        context.read()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let frame = unwrapOutboundIn(data)
        let hasPayload = frame.payload.readableBytes > 0
        context.write(wrapOutboundOut(ByteBuffer(bytes: frame.header)), promise: hasPayload ? nil : promise)
        if hasPayload { context.write(wrapOutboundOut(frame.payload), promise: promise) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is AttemptOpened, case .waitsForAttempt(let challenge, let hello) = phase {
            judge(hello, challenge, context)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        refuse("\(error)", context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        greetingTimeout?.cancel()
        switchboard.forget(context.channel)
        let reason = failure ?? "the connection was closed by the other side"
        if case .open(let links, let peer) = phase {
            links.lose(peer, reason: reason)
        } else if let target {
            switchboard.dialFailed(target.peer, for: target.links, since: target.since, reason: reason)
        }
        phase = .closed
    }
}

extension PeerHandler {
    private func receive(_ frame: Frame, _ context: ChannelHandlerContext) {
        switch (phase, frame.kind) {
        case (.open(let links, let peer), _): links.deliver(frame, from: peer)
        case (.expectsHello(let challenge), .hello): judge(frame, challenge, context)
        case (.expectsChallenge, .challenge): answer(frame, context)
        case (.expectsWelcome(let handshake), .welcome): accept(frame, handshake, context)
        case (.closed, _): break
        default: refuse("it does not follow the greeting", context)
        }
    }

    private func answer(_ frame: Frame, _ context: ChannelHandlerContext) {
        guard let target, frame.payload.readableBytes == Handshake.nonceSize else {
            return refuse("its challenge is malformed", context)
        }
        let handshake = Handshake(
            challenge: Array(frame.payload.readableBytesView),
            answer: Handshake.nonce(),
            round: target.links.group.round,
            attempt: UInt16(target.links.group.attempt),
            dialler: UInt16(target.links.rank),
            listener: UInt16(target.peer)
        )
        var hello = Frame(.hello)
        hello.round = handshake.round
        hello.attempt = handshake.attempt
        hello.sender = handshake.dialler
        hello.start = UInt32(handshake.listener)
        hello.payload.writeBytes(handshake.answer + handshake.proof(.hello, key: target.links.group.key))
        phase = .expectsWelcome(handshake)
        send(hello, context)
    }

    private func accept(_ frame: Frame, _ handshake: Handshake, _ context: ChannelHandlerContext) {
        guard let target else { return }
        guard handshake.verify(Array(frame.payload.readableBytesView), .welcome, key: target.links.group.key) else {
            return refuse("it does not hold the key of the round", context)
        }
        open(target.links, target.peer, context)
    }

    private func judge(_ hello: Frame, _ challenge: [UInt8], _ context: ChannelHandlerContext) {
        switch switchboard.judge(hello, challenge: challenge) {
        case .accepted(let links, let peer, let welcome):
            send(welcome, context)
            open(links, peer, context)
        case .waits:
            phase = .waitsForAttempt(challenge: challenge, hello: hello)
        case .refused(let reason):
            refuse(reason, context)
        }
    }

    private func open(_ links: PeerLinks, _ peer: Int, _ context: ChannelHandlerContext) {
        decoder.largestPayload = Frame.largestPayload
        guard links.attach(context.channel, to: peer) else { return refuse("it is connected already", context) }
        greetingTimeout?.cancel()
        switchboard.forget(context.channel)
        phase = .open(links, peer: peer)
    }

    private func refuse(_ reason: String, _ context: ChannelHandlerContext) {
        if failure == nil { failure = reason }
        switchboard.noteRefusal(of: context.remoteAddress, reason: reason)
        context.close(promise: nil)
    }

    private func send(_ frame: Frame, _ context: ChannelHandlerContext) {
        write(context: context, data: NIOAny(frame), promise: nil)
        context.flush()
    }
}
