public import Logging
import NIOCore
import NIOPosix

/// A worker's side of all connections with its peers: listens, dials, and lets in who holds the key of an attempt.
///
/// Of two members the one of higher rank dials, unless the other cannot be dialled. Connections are made anew for every attempt.
/// May be used and closed from any thread; closing it ends the exchange that is under way.
public final class PeerNetwork: Sendable {
    /// The port that it listens on.
    public let port: Int

    private let listener: any Channel
    private let switchboard: PeerSwitchboard

    /// Listens on an address of this machine; port 0 takes a free one.
    ///
    /// Throws `listen` if the address cannot be had. Blocks shortly.
    public init(host: String = "0.0.0.0", port: Int = 0, logger: Logger) throws(CommunicationError) {
        let group = MultiThreadedEventLoopGroup.singleton
        let loop = group.next()
        let switchboard = PeerSwitchboard(on: loop, logger: logger)
        let bootstrap = ServerBootstrap(group: loop, childGroup: loop)
            .serverChannelOption(.backlog, value: 128)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { switchboard.prepare($0, PeerHandler(acceptedBy: switchboard)) }
        do {
            listener = try bootstrap.bind(host: host, port: port).wait()
        } catch {
            throw .listen(host: host, port: port, reason: "\(error)")
        }
        self.port = listener.localAddress?.port ?? port
        self.switchboard = switchboard
    }

    deinit { close() }

    /// Ends the exchange that is under way, which then throws `closed`, and stops listening.
    public func close() {
        switchboard.close()
        listener.close(promise: nil)
    }

    /// Ends the attempt whose members share a key, now or as soon as it is opened: it cannot count any more.
    ///
    /// The exchange ends without a mean and blames nobody. From any thread.
    public func abandon(key: [UInt8]) {
        switchboard.abandon(key: key)
    }

    /// Begins to connect the members of an attempt; throws `closed` after `close()`.
    func open(_ group: RoundGroup, rank: Int) throws(CommunicationError) -> PeerLinks {
        guard let links = switchboard.open(group, rank: rank) else { throw .closed }
        return links
    }

    /// Ends an attempt.
    func end(_ links: PeerLinks) {
        switchboard.end(links)
    }
}
