import Logging
import NIOCore
import NIOPosix
import Testing

@testable import Communication

/// A connection that says what a test tells it and keeps what it hears.
private final class Stranger: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let answer: @Sendable (Frame) -> ByteBuffer?
    private let heard: EventLoopPromise<[Frame.Kind]>
    private var decoder = FrameDecoder()
    private var kinds: [Frame.Kind] = []

    init(heard: EventLoopPromise<[Frame.Kind]>, answer: @escaping @Sendable (Frame) -> ByteBuffer?) {
        self.heard = heard
        self.answer = answer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        while let frame = try? decoder.next(from: &bytes) {
            kinds.append(frame.kind)
            guard let reply = answer(frame) else { continue }
            context.writeAndFlush(NIOAny(reply), promise: nil)
        }
    }

    // A connection that is cut with bytes unread ends with an error instead of an end of the stream.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        heard.succeed(kinds)
    }
}

@Suite("A stranger")
struct StrangerTests {
    /// Connects, answers the challenge and returns what came until the other side hung up.
    private func visit(
        _ network: PeerNetwork,
        _ answer: @escaping @Sendable (Frame) -> ByteBuffer?
    ) async throws -> [Frame.Kind] {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let heard = loop.makePromise(of: [Frame.Kind].self)
        _ = try await ClientBootstrap(group: loop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Stranger(heard: heard, answer: answer))
                }
            }
            .connect(host: "127.0.0.1", port: network.port).get()
        return try await heard.futureResult.get()
    }

    private func hello(_ challenge: Frame, key: [UInt8], from sender: UInt16 = 1, to listener: UInt16 = 0) -> ByteBuffer
    {
        let handshake = Handshake(
            challenge: Array(challenge.payload.readableBytesView),
            answer: Handshake.nonce(),
            round: 7,
            attempt: 0,
            dialler: sender,
            listener: listener
        )
        var frame = Frame(.hello)
        frame.round = 7
        frame.sender = sender
        frame.start = UInt32(listener)
        frame.payload.writeBytes(handshake.answer + handshake.proof(.hello, key: key))
        return frame.bytes
    }

    @Test("who speaks another protocol is cut off")
    func otherProtocol() async throws {
        let network = try PeerNetwork(host: "127.0.0.1", logger: Logger(label: "test"))
        let kinds = try await visit(network) { _ in
            ByteBuffer(string: "GET / HTTP/1.1\r\nHost: difftrain.example\r\n\r\n")
        }
        #expect(kinds == [.challenge])
        network.close()
    }

    @Test("who does not hold the key, or claims a rank that is not there, is cut off without a welcome")
    func wrongKey() async throws {
        let network = try PeerNetwork(host: "127.0.0.1", logger: Logger(label: "test"))
        let group = Example.group(weights: [1, 1])
        let links = try network.open(group, rank: 0)
        let key = group.key
        for answer in [
            { hello($0, key: [UInt8](repeating: 6, count: 32)) }, { hello($0, key: key, from: 2) },
            { hello($0, key: key, from: 0) }, { hello($0, key: key, to: 1) },
        ] as [@Sendable (Frame) -> ByteBuffer] {
            #expect(try await visit(network, answer) == [.challenge])
        }
        network.end(links)
        network.close()
    }

    @Test("who sends much before proving who it is, is cut off at once")
    func largeGreeting() async throws {
        let network = try PeerNetwork(host: "127.0.0.1", logger: Logger(label: "test"))
        let kinds = try await visit(network) { _ in
            var frame = Frame(.contribution)
            frame.payload.writeRepeatingByte(0, count: 1 << 16)
            return frame.bytes
        }
        #expect(kinds == [.challenge])
        network.close()
    }

    @Test("who holds the key is welcomed once, and a second connection in the same name is cut off")
    func welcome() async throws {
        let network = try PeerNetwork(host: "127.0.0.1", logger: Logger(label: "test"))
        let group = Example.group(weights: [1, 1])
        let links = try network.open(group, rank: 0)
        let key = group.key
        links.send(Frame(.ping), to: 1)
        let kinds = try await withThrowingTaskGroup(of: [Frame.Kind].self) { group in
            for _ in 0..<2 {
                group.addTask { try await visit(network) { $0.kind == .challenge ? hello($0, key: key) : nil } }
            }
            // The one that came later is cut off; the other stays until the attempt ends.
            let refused = try await group.next() ?? []
            network.end(links)
            return [refused, try await group.next() ?? []]
        }
        #expect(kinds == [[.challenge, .welcome], [.challenge, .welcome, .ping]])
        network.close()
    }
}
