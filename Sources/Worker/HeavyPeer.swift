public import Communication
public import Logging
public import Training

/// A cluster that takes part in a run of volunteers as one peer, with the weight of all its ranks.
///
/// The ranks average inside first; then rank 0 takes part in the rounds. While the coordinator is away they wait, for as long as that takes.
public struct HeavyPeer: Sendable {
    /// How it ended for a rank.
    public enum Ending: Sendable {
        /// The run is over.
        case done
        /// Rank 0 gave up, after it told the others.
        case gaveUp(WorkerError)
        /// Rank 0 ended the work of this rank; it leaves with the same exit code.
        case dismissed(code: Int32)
    }

    /// The coordinator, `HOST:PORT`.
    public var address: String
    /// The file of the token; only rank 0 reads it.
    public var tokenFile: String?
    /// Where fetched data and states are kept.
    public var cache: String?
    /// The host that peers dial; nil lets the coordinator take the address it sees.
    public var host: String?

    /// The peer of a coordinator's address.
    public init(address: String, tokenFile: String? = nil, cache: String? = nil, host: String? = nil) {
        self.address = address
        self.tokenFile = tokenFile
        self.cache = cache
        self.host = host
    }

    /// Takes part as one rank until the run is over.
    ///
    /// - Parameters:
    ///   - config: The run file, which must be of the coordinator's run.
    ///   - group: The ranks.
    ///   - stop: Makes rank 0 leave, and all ranks with it.
    ///   - observers: See the steps, on rank 0.
    ///   - logger: Gets life-cycle lines.
    /// - Returns: How it ended.
    /// - Throws: What must end all ranks at once; everything else ends them in order.
    public func run(
        _ config: RunConfig,
        _ group: any Communicator,
        until stop: StopSignal,
        observers: [any TrainingObserver],
        logger: Logger
    ) throws(WorkerError) -> Ending {
        let link = ClusterLink(group: group)
        guard group.rank == 0 else {
            let follower = ClusterFollower(link, cache: cache ?? WorkerConfig.defaultCache)
            return .dismissed(code: try follower.run())
        }
        do {
            try lead(config, link, until: stop, observers, logger)
        } catch .training(let error) {
            // The others may be in the middle of an exchange.
            throw .training(error)
        } catch {
            try finish(link, code: error.exitCode)
            return .gaveUp(error)
        }
        try finish(link, code: 0)
        return .done
    }

    private func lead(
        _ config: RunConfig,
        _ link: ClusterLink,
        until stop: StopSignal,
        _ observers: [any TrainingObserver],
        _ logger: Logger
    ) throws(WorkerError) {
        var settings = try WorkerConfig(address: address, tokenFile: tokenFile, cache: cache)
        settings.host = host
        settings.patience = .infinity
        let cluster = Volunteer.Cluster(link: link, config: config)
        let volunteer = try Volunteer(settings, until: stop, observers: observers, logger: logger, cluster: cluster)
        try volunteer.run()
    }

    private func finish(_ link: ClusterLink, code: Int32) throws(WorkerError) {
        do {
            try link.tell(.finish(code: code))
        } catch {
            throw .training(error)
        }
    }
}
