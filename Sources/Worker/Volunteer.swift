import Buffers
import Checkpoints
import Communication
import Configs
import Coordination
import Foundation
public import Logging
import Tensors
public import Training

/// One volunteer's life: join, take over the state, compute leases, exchange means, hand in states, until the run is over.
///
/// Everything runs on the calling thread, which blocks; only heartbeats have a thread of their own.
public final class Volunteer {
    private let config: WorkerConfig
    private let stop: StopSignal
    private let logger: Logger
    private let observers: [any TrainingObserver]
    private let client: CoordinatorClient
    private let peer: PeerID
    private let network: PeerNetwork
    private let cluster: Cluster?
    private var mark: StateMark?

    /// The ranks that a volunteer leads, and the run file they were started with.
    struct Cluster {
        let link: ClusterLink
        let config: RunConfig

        /// Refuses a coordinator's run file that is of another run, or that a cluster cannot take part in.
        func check(_ run: RunConfig) throws(WorkerError) {
            if let change = run.firstChange(to: config) { throw .differentRun(change: change) }
            do {
                try run.validateForHeavyPeers()
            } catch {
                throw .training(.config(error))
            }
        }
    }

    /// A volunteer that has not joined yet.
    public convenience init(
        _ config: WorkerConfig,
        until stop: StopSignal,
        observers: [any TrainingObserver],
        logger: Logger
    ) throws(WorkerError) {
        try self.init(config, until: stop, observers: observers, logger: logger, cluster: nil)
    }

    /// A volunteer that computes with all ranks of a cluster, if one is given.
    init(
        _ config: WorkerConfig,
        until stop: StopSignal,
        observers: [any TrainingObserver],
        logger: Logger,
        cluster: Cluster?
    ) throws(WorkerError) {
        self.config = config
        self.stop = stop
        self.logger = logger
        self.observers = observers
        self.cluster = cluster
        client = CoordinatorClient(config, until: stop, logger: logger)
        guard let peer = PeerID(rawValue: Volunteer.randomName()) else {
            preconditionFailure("a random name is no peer id")
        }
        self.peer = peer
        do {
            network = try PeerNetwork(logger: logger)
        } catch {
            throw .communication(error)
        }
    }

    /// Takes part until the run is over.
    ///
    /// - Throws: `WorkerError.stopped` if it was told to stop, after it has left; else what went wrong.
    public func run() throws(WorkerError) {
        defer {
            network.close()
            client.close()
        }
        // A coordinator that does not answer at first is a wrong address; one that is away later is waited for.
        _ = try client.get("/v1/status", as: StatusReply.self, patient: false)
        do {
            let reply = try client.join(joinRequest())
            logger.notice("joined", metadata: ["run": "\(reply.name)", "samples": "\(reply.mark.samples)"])
            try takePart(reply)
            try? client.leave(peer)
        } catch .finished {
            logger.notice("the run is over")
        } catch .stopped {
            try? client.leave(peer)
            throw .stopped
        } catch {
            // Others need not wait until it is missed.
            try? client.leave(peer)
            throw error
        }
    }

    private func takePart(_ reply: JoinReply) throws(WorkerError) {
        let heartbeat = Heartbeat(client, peer, every: reply.heartbeat)
        let open = OpenExchange(network)
        let control = RoundControl(client, peer, open) { [unowned self] in mark }
        let presence = Heartbeat(presenceOf: peer, client, open)
        defer {
            heartbeat.stop()
            presence.stop()
        }
        let trainer = try makeTrainer(reply, control)
        if let choice = trainer.exchangeChoice {
            for observer in observers { observer.didChoose(choice, at: reply.mark.samples) }
        }
        let session = VolunteerSession(
            client: client,
            peer: peer,
            reply: reply,
            trainer: trainer,
            control: control,
            observers: observers,
            states: StateExchange(client, folder: folder(reply) + "/states-\(peer)"),
            stop: stop
        )
        defer { try? FileManager.default.removeItem(atPath: folder(reply) + "/states-\(peer)") }
        while true {
            do {
                try session.run { [unowned self] in mark = $0 }
                return
            } catch .unknown {
                logger.warning("given up by the coordinator; joining again")
                _ = try client.join(joinRequest())
            }
        }
    }

    private func makeTrainer(_ reply: JoinReply, _ control: RoundControl) throws(WorkerError) -> any RoundTrainer {
        let files = RemoteFiles(client)
        let text = String(decoding: try files.bytes(of: reply.runFile), as: UTF8.self)
        let place = folder(reply) + "/data"
        let run = try RunConfig.coordinators(text)
        let communicator = PeerCommunicator(
            id: peer.rawValue,
            network: network,
            authority: control,
            compression: run.communication.compression,
            aggregator: run.communication.aggregator
        )
        if let cluster { try cluster.check(run) }
        if let shards = reply.dataset { try files.fetch(shards, into: place) }
        guard let cluster else {
            return try Trainer.make(text, dataset: reply.dataset.map { _ in place }, communicator)
        }
        return try ClusterTrainer(
            text,
            folder: folderName(reply),
            cache: config.cache,
            dataset: reply.dataset,
            cluster.link,
            outside: communicator
        )
    }

    private func folder(_ reply: JoinReply) -> String { config.cache + "/" + folderName(reply) }

    private func folderName(_ reply: JoinReply) -> String { String(reply.runFile.rawValue.prefix(16)) }

    private func joinRequest() -> JoinRequest {
        let ranks = cluster?.link.group.size ?? 1
        return JoinRequest(
            peer: peer,
            name: config.name,
            host: config.host,
            port: network.port,
            holds: mark,
            ranks: ranks == 1 ? nil : ranks
        )
    }

    private static func randomName() -> String {
        let high = String(UInt64.random(in: 0 ... .max), radix: 36)
        let low = String(UInt64.random(in: 0 ... .max), radix: 36)
        return "w-" + high + low
    }
}
