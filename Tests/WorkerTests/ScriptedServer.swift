import NIOCore
import NIOPosix
import Synchronization

/// A server that answers requests, whatever they say, with the bytes of a script; one line of it for each request.
final class ScriptedServer: Sendable {
    enum Line: Sendable {
        case answer(String)
        case answerAndClose(String)
        case close
        case silence
    }

    private let channel: any Channel
    private let script: Script

    init(_ lines: [Line]) throws {
        let script = Script(lines)
        self.script = script
        channel = try ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                script.countConnection()
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Player(script))
                }
            }
            .bind(host: "127.0.0.1", port: 0)
            .wait()
    }

    var port: Int { channel.localAddress?.port ?? 0 }
    /// How many connections were taken.
    var connections: Int { script.connections }

    func stop() throws { try channel.close().wait() }
}

private final class Script: Sendable {
    private let state: Mutex<(lines: [ScriptedServer.Line], connections: Int)>

    init(_ lines: [ScriptedServer.Line]) {
        state = Mutex((lines.reversed(), 0))
    }

    var connections: Int { state.withLock { $0.connections } }

    func countConnection() { state.withLock { $0.connections += 1 } }

    func next() -> ScriptedServer.Line { state.withLock { $0.lines.popLast() } ?? .close }
}

/// Takes the end of a request's head for the end of the request: the tests send no bodies.
private final class Player: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let script: Script
    private var request = ""

    init(_ script: Script) {
        self.script = script
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        request += String(buffer: unwrapInboundIn(data))
        guard request.hasSuffix("\r\n\r\n") else { return }
        request = ""
        switch script.next() {
        case .answer(let text): write(text, context)
        case .answerAndClose(let text):
            write(text, context)
            context.close(promise: nil)
        case .close: context.close(promise: nil)
        case .silence: break
        }
    }

    private func write(_ text: String, _ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
    }
}
