import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// Connections to one server that are kept open between requests; each carries one request at a time.
///
/// Calls block the calling thread, which must not be an event loop's. Any number of threads may call at once.
final class HTTPConnections: Sendable {
    /// Bounds on what is waited for.
    struct Limits: Sendable {
        /// Until the server takes the connection.
        var connect = TimeAmount.seconds(5)
        /// While no byte moves in either direction.
        var silence = TimeAmount.seconds(30)
        /// The largest body of an answer, in bytes.
        var body = 8 << 20
    }

    private struct Idle {
        var channels: [any Channel] = []
        var isClosed = false
    }

    private let host: String
    private let port: Int
    private let limits: Limits
    private let idle = Mutex(Idle())

    init(host: String, port: Int, limits: Limits = Limits()) {
        self.host = host
        self.port = port
        self.limits = limits
    }

    /// Closes connections that are not in use, and each of the others after its request.
    func close() {
        let channels = idle.withLock { idle in
            idle.isClosed = true
            defer { idle.channels = [] }
            return idle.channels
        }
        for channel in channels { channel.close(promise: nil) }
    }

    /// Sends a request and waits for the whole answer.
    ///
    /// A server may close an unused connection at any moment. A request that meets this is sent again over another connection; so requests must
    /// be safe to repeat.
    func send(_ request: HTTPRequest) throws -> HTTPAnswer {
        while let channel = takeIdle() {
            do {
                return try send(request, over: channel)
            } catch HTTPFailure.closed {
                continue
            }
        }
        return try send(request, over: connect())
    }

    private func send(_ request: HTTPRequest, over channel: any Channel) throws -> HTTPAnswer {
        let promise = channel.eventLoop.makePromise(of: HTTPAnswer.self)
        // What is written to a connection that has just ended reaches no handler.
        channel.writeAndFlush(HTTPExchange(request: request, promise: promise)).whenFailure { _ in
            promise.fail(HTTPFailure.closed)
        }
        let answer = try promise.futureResult.wait()
        answer.keepsAlive ? keep(channel) : channel.close(promise: nil)
        return answer
    }

    private func connect() throws -> any Channel {
        let limits = limits
        return try ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(limits.connect)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHTTPClientHandlers(leftOverBytesStrategy: .dropBytes)
                    try pipeline.addHandler(HTTPExchangeHandler(limits))
                }
            }
            .connect(host: host, port: port)
            .wait()
    }

    private func takeIdle() -> (any Channel)? {
        idle.withLock { $0.channels.popLast() }
    }

    private func keep(_ channel: any Channel) {
        let isKept = idle.withLock { idle in
            guard !idle.isClosed else { return false }
            idle.channels.append(channel)
            return true
        }
        if !isKept { channel.close(promise: nil) }
    }
}

/// What is asked of a server.
struct HTTPRequest: Sendable {
    var method: HTTPMethod
    var path: String
    var headers: HTTPHeaders
    var body: [UInt8] = []
}

/// What a server said.
struct HTTPAnswer: Sendable {
    var status: HTTPResponseStatus
    var body: ByteBuffer
    /// Whether the connection may carry another request.
    var keepsAlive: Bool
}

/// Why there is no answer.
enum HTTPFailure: Error, Equatable {
    /// The connection ended before the first byte of an answer.
    case closed
    /// The connection ended in the midst of an answer.
    case cut
    /// Nothing moved for too long.
    case silent
    /// The body is larger than allowed.
    case tooLarge(limit: Int)
    /// The answer is not HTTP.
    case malformed
}

extension HTTPFailure {
    /// The end of a sentence about a server.
    var reason: String {
        switch self {
        case .closed: "it closed the connection without an answer"
        case .cut: "its answer was cut off"
        case .silent: "it does not answer in time"
        case .tooLarge(let limit): "its answer is larger than \(limit) bytes"
        case .malformed: "what answers there does not speak HTTP"
        }
    }
}
