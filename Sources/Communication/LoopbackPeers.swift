public import Logging

/// Peers of one process that exchange over TCP sockets of this machine, as volunteers do over a network.
public final class LoopbackPeers: Sendable {
    /// The number of peers.
    public let size: Int

    private let authority: LocalAuthority
    private let networks: [PeerNetwork]

    /// Peers that listen on free ports of 127.0.0.1; at most 256, the largest group.
    ///
    /// Throws `listen` if there is no free port.
    public init(size: Int, logger: Logger) throws(CommunicationError) {
        precondition((1...RoundGroup.largestSize).contains(size), "\(size) peers")
        self.size = size
        // Three digits keep the order of names that of ranks.
        authority = LocalAuthority((0..<size).map(Self.name), deadline: 600)
        var networks: [PeerNetwork] = []
        for _ in 0..<size { networks.append(try PeerNetwork(host: "127.0.0.1", logger: logger)) }
        self.networks = networks
    }

    deinit { close() }

    /// The communicator of a rank, for one thread; asked for once a rank.
    public func member(_ rank: Int, compression: any Compression) -> PeerCommunicator {
        precondition((0..<size).contains(rank), "rank \(rank) of \(size)")
        return PeerCommunicator(
            id: Self.name(rank),
            network: networks[rank],
            authority: authority.member(Self.name(rank), port: networks[rank].port),
            compression: compression
        )
    }

    /// Ends exchanges that are under way, which then throw `closed`.
    public func close() {
        for network in networks { network.close() }
    }

    private static func name(_ rank: Int) -> String {
        let digits = "\(rank)"
        return "peer-" + String(repeating: "0", count: max(0, 3 - digits.count)) + digits
    }
}
