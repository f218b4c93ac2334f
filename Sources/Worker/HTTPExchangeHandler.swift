import NIOCore
import NIOHTTP1

/// A request on its way, and who waits for the answer.
struct HTTPExchange: Sendable {
    var request: HTTPRequest
    var promise: EventLoopPromise<HTTPAnswer>
}

/// Writes one request at a time and collects its answer; lives on the connection's event loop.
final class HTTPExchangeHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundIn = HTTPExchange
    typealias OutboundOut = HTTPClientRequestPart

    private let limits: HTTPConnections.Limits
    private var lastMove = NIODeadline.now()
    private var watch: Scheduled<Void>?
    private var waiting: EventLoopPromise<HTTPAnswer>?
    private var head: HTTPResponseHead?
    private var body = ByteBuffer()

    /// Bytes of a body that are handed over at once: a slow upload is seen to move.
    private static let piece = 1 << 16

    init(_ limits: HTTPConnections.Limits) {
        self.limits = limits
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let exchange = unwrapOutboundIn(data)
        guard waiting == nil, context.channel.isActive else {
            promise?.fail(HTTPFailure.closed)
            return exchange.promise.fail(HTTPFailure.closed)
        }
        waiting = exchange.promise
        head = nil
        body = ByteBuffer()
        let request = exchange.request
        let line = HTTPRequestHead(
            version: .http1_1,
            method: request.method,
            uri: request.path,
            headers: request.headers
        )
        context.write(wrapOutboundOut(.head(line)), promise: nil)
        var rest = ByteBuffer(bytes: request.body)
        while let piece = rest.readSlice(length: min(rest.readableBytes, HTTPExchangeHandler.piece)),
            piece.readableBytes > 0
        {
            context.write(wrapOutboundOut(.body(.byteBuffer(piece)))).assumeIsolated().whenSuccess { [self] in
                lastMove = .now()
            }
        }
        context.write(wrapOutboundOut(.end(nil)), promise: promise)
        lastMove = .now()
        expectMove(context)
    }

    // Fails the exchange unless something moves in time.
    private func expectMove(_ context: ChannelHandlerContext) {
        watch?.cancel()
        watch = context.eventLoop.assumeIsolated().scheduleTask(deadline: lastMove + limits.silence) { [self] in
            guard waiting != nil else { return }
            if lastMove + limits.silence <= .now() { fail(.silent, context) } else { expectMove(context) }
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        lastMove = .now()
        switch unwrapInboundIn(data) {
        // An interim answer, such as "100 Continue", is followed by the one that counts.
        case .head(let head): self.head = head.status.code < 200 && head.status != .switchingProtocols ? nil : head
        case .body(var part):
            guard body.readableBytes + part.readableBytes <= limits.body else {
                return fail(.tooLarge(limit: limits.body), context)
            }
            body.writeBuffer(&part)
        case .end:
            guard let head else { return }
            let answer = HTTPAnswer(status: head.status, body: body, keepsAlive: head.isKeepAlive)
            self.head = nil
            body = ByteBuffer()
            take()?.succeed(answer)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        take()?.fail(head == nil ? HTTPFailure.closed : HTTPFailure.cut)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // The end of the connection within an answer is an error of the parser too.
        let isMalformed = (error as? HTTPParserError).map { $0 != .invalidEOFState } ?? false
        fail(isMalformed ? .malformed : head == nil ? .closed : .cut, context)
    }

    private func fail(_ failure: HTTPFailure, _ context: ChannelHandlerContext) {
        take()?.fail(failure)
        context.close(promise: nil)
    }

    private func take() -> EventLoopPromise<HTTPAnswer>? {
        watch?.cancel()
        watch = nil
        defer { waiting = nil }
        return waiting
    }
}
