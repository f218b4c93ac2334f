public import Communication
import Configs
import MPICommunication
public import Training

/// The group of ranks that this process was started in.
public struct Cluster: Sendable {
    /// Seconds that a rank waits in an exchange for one that does not come; nil watches nothing.
    public var patience: Int?
    /// How the ranks exchange values.
    public var exchange: CommunicationSection
    /// Follows the signals to stop.
    public var stop: StopSignal
    /// Is told once, on rank 0, how the job answers the loss of a rank.
    public var note: @Sendable (String) -> Void

    /// The patience that does unless there is a reason for another.
    public static var usualPatience: Int { RankWatch.usualPatience }

    /// The patience of ranks of which rank 0 waits for others outside, who may be away for as long as they like: a year.
    public static var endlessPatience: Int { 365 * 86400 }

    /// A group; see the properties.
    public init(
        _ exchange: CommunicationSection,
        patience: Int? = usualPatience,
        until stop: StopSignal,
        note: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.exchange = exchange
        self.patience = patience
        self.stop = stop
        self.note = note
    }

    /// Runs `body` as one rank; an error of one rank ends all of them with one sentence that names it, and so does a rank that is gone or
    /// hangs.
    ///
    /// Without `mpirun` the group has one member.
    public func enter(_ body: (any Communicator) throws -> Bool) throws -> Bool {
        let environment = try MPIEnvironment()
        var watch: RankWatch?
        do {
            let communicator = try environment.communicator(exchange.options)
            tell(environment, communicator)
            watch = try startWatch(communicator, host: environment.host)
            let result = try body(watch.map { WatchedCommunicator(communicator, by: $0) } ?? communicator)
            try environment.finish()
            watch?.finish()
            return result
        } catch {
            guard environment.size > 1 else { throw error }
            watch?.announceEnd()
            environment.abort(because: "\(error)")
        }
    }

    private func tell(_ environment: MPIEnvironment, _ communicator: any Communicator) {
        guard let ranks = communicator as? MPICommunicator, ranks.rank == 0, ranks.size > 1 else { return }
        note("\(ranks.description); \(environment.description).")
        note(RankRecovery.description(isWatched: patience != nil))
    }

    private func startWatch(_ communicator: any Communicator, host: String) throws -> RankWatch? {
        guard communicator.size > 1 else { return nil }
        guard let patience else { return nil }
        return try RankWatch.start(communicator, host: host, patience: patience, isStopping: { [stop] in stop.isSet })
    }
}

extension CommunicationSection {
    /// What the group of ranks is told.
    var options: ExchangeOptions {
        var options = ExchangeOptions(
            path: path,
            bucketBytes: bucket.rawValue == 0 ? nil : Int(bucket.rawValue),
            compression: compression
        )
        options.isProjected = feedback
        return options
    }
}
