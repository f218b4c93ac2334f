import Coordination
import Foundation
import Hummingbird
public import Logging
import NIOCore
import ServiceLifecycle
public import UnixSignals

/// How a coordinator is served.
public struct ServeOptions: Sendable {
    /// Host to listen on.
    public var host = "127.0.0.1"
    /// Port to listen on; 0: any free one.
    public var port = 7300
    /// A file to write the bound port to.
    public var portFile: String?
    /// Whether to stop when the run is finished and everybody has gone.
    public var untilFinished = false

    /// Loopback, the usual port.
    public init() {}

    /// Reads `HOST:PORT`, with brackets around an IPv6 address.
    public init?(listen text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65535).contains(port)
        else { return nil }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        guard !host.isEmpty else { return nil }
        self.host = host
        self.port = port
    }
}

/// A coordinator with its HTTP server.
public struct CoordinatorApplication: Sendable {
    /// The books.
    public let coordinator: Coordinator
    private let options: ServeOptions
    private let logger: Logger

    /// Opens a run directory; nothing is served yet.
    ///
    /// - Parameters:
    ///   - directory: The run directory.
    ///   - options: How to serve.
    ///   - time: The clock.
    ///   - logger: Gets life-cycle lines.
    /// - Throws: Why the directory cannot be opened.
    public init(
        directory: String,
        options: ServeOptions,
        time: any TimeSource = SystemTime(),
        logger: Logger
    ) async throws(CoordinatorError) {
        coordinator = try await Coordinator(opening: RunFolder(directory), time: time, logger: logger)
        self.options = options
        self.logger = logger
    }

    /// Every call of the API.
    func router() -> Router<APIContext> {
        let router = Router(context: APIContext.self)
        router.add(middleware: ErrorMiddleware())
        StatusRoutes(coordinator: coordinator).add(to: router)
        let members = router.group("v1").add(middleware: TokenMiddleware(tokens: TokenStore(coordinator.folder)))
        MemberRoutes(coordinator: coordinator).add(to: members)
        WorkRoutes(coordinator: coordinator).add(to: members)
        BlobRoutes(coordinator: coordinator).add(to: members)
        CheckpointRoutes(coordinator: coordinator).add(to: members)
        return router
    }

    /// Serves until a signal or, if so wished, until the run is finished.
    ///
    /// - Parameters:
    ///   - signals: Signals that stop it gracefully.
    ///   - onServing: Called with the bound port once the server accepts connections.
    /// - Throws: Why it cannot listen, or what made a service fail.
    public func run(
        stoppingAt signals: [UnixSignal] = [.sigterm, .sigint],
        onServing: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws {
        let (options, coordinator, logger) = (options, coordinator, logger)
        let application = Application(
            router: router(),
            configuration: ApplicationConfiguration(
                address: .hostname(options.host, port: options.port),
                serverName: "difftrain"
            ),
            onServerRunning: { channel in
                let port = channel.localAddress?.port ?? options.port
                if let file = options.portFile {
                    do throws(CoordinatorError) {
                        try coordinator.folder.write(Array("\(port)\n".utf8), to: file)
                    } catch {
                        logger.error("the port file cannot be written", metadata: ["reason": "\(error)"])
                    }
                }
                onServing(port)
            },
            logger: quiet(logger)
        )
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(service: application),
                    .init(
                        service: CoordinatorClock(coordinator, untilFinished: options.untilFinished),
                        successTerminationBehavior: .gracefullyShutdownGroup
                    ),
                ],
                gracefulShutdownSignals: signals,
                logger: quiet(logger)
            )
        )
        do {
            try await group.run()
        } catch let error as IOError {
            let words = NSError(domain: NSPOSIXErrorDomain, code: Int(error.errnoCode)).localizedDescription
            // Foundation puts a sentence of its own before the system's words.
            let reason = words.split(separator: ". ").last.map(String.init) ?? words
            throw CoordinatorError.cannotListen(address: "\(options.host):\(options.port)", reason: reason)
        }
        await coordinator.close()
    }

    /// The libraries' own notices are not for the reader of our log.
    private func quiet(_ logger: Logger) -> Logger {
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .error)
        return quiet
    }
}

/// Lets time pass for the coordinator; ends when the run is finished, if so wished.
struct CoordinatorClock: Service {
    /// Time between two looks at the deadlines.
    private static let step = Duration.milliseconds(100)
    /// Looks between two signs of life to listeners.
    private static let pulse = 100

    private let coordinator: Coordinator
    private let untilFinished: Bool

    init(_ coordinator: Coordinator, untilFinished: Bool) {
        self.coordinator = coordinator
        self.untilFinished = untilFinished
    }

    func run() async throws {
        await withGracefulShutdownHandler {
            var looks = 0
            while !Task.isShuttingDownGracefully, !Task.isCancelled {
                looks += 1
                if looks.isMultiple(of: Self.pulse) { await coordinator.pulse() }
                do {
                    try await coordinator.tick()
                } catch {
                    // The journal's error is logged where it occurs; the next tick tries again.
                }
                if untilFinished, await coordinator.isOver { break }
                try? await Task.sleep(for: Self.step)
            }
        } onGracefulShutdown: {
            Task { await coordinator.close() }
        }
        await coordinator.close()
    }
}

extension Coordinator {
    /// Whether the run is finished and every member has gone.
    var isOver: Bool { state.isFinished && state.members.isEmpty }
}
