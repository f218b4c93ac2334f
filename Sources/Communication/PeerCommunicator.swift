public import Buffers

/// Means over volunteers: direct connections between the members of a round, in groups that an authority forms and settles.
///
/// Owned by the trainer's thread, which blocks in `PendingMean.wait()`; `PeerNetwork.close()` from any thread ends the wait.
/// The buffer is written only after the authority has said that everybody holds the same mean.
public final class PeerCommunicator: Communicator {
    /// This member's rank in the group of the last attempt.
    public private(set) var rank = 0
    /// The size of the group of the last attempt; 1 before the first.
    public private(set) var size = 1

    private let id: String
    private let network: PeerNetwork
    private let authority: any RoundAuthority
    private let compression: any Compression
    private let aggregator: any Aggregator
    private let limits: MeanRoundLimits
    // Values of the last round; the memory is used again, because fresh pages would cost more than the exchange within a machine.
    private var scratch: [Float] = []

    /// A member named `id` in the groups of an authority.
    ///
    /// Compression, aggregator and limits must be the same on all members.
    public init(
        id: String,
        network: PeerNetwork,
        authority: any RoundAuthority,
        compression: any Compression = Float32Compression(),
        aggregator: any Aggregator = WeightedMean(),
        limits: MeanRoundLimits = MeanRoundLimits()
    ) {
        self.id = id
        self.network = network
        self.authority = authority
        self.compression = compression
        self.aggregator = aggregator
        self.limits = limits
    }

    /// Prepares a mean; the exchange itself runs inside `wait()`.
    public func startMean(
        of buffer: FlatBuffer,
        weight: Float,
        round: UInt64
    ) throws(CommunicationError) -> any PendingMean {
        try checkWeight(weight)
        guard weight == 0 || buffer.withFloats(isUsable) else { throw .notFinite(round: round) }
        return PendingPeerMean(self, buffer, weight: Double(weight), round: round)
    }

    /// Not offered: a volunteer that joins fetches the agreed state by its digest.
    public func broadcast(_ buffer: FlatBuffer, from root: Int) throws(CommunicationError) {
        throw Self.noBroadcast
    }

    /// Not offered: what all volunteers must know comes from the coordinator.
    public func broadcast(_ bytes: [UInt8], from root: Int) throws(CommunicationError) -> [UInt8] {
        throw Self.noBroadcast
    }

    /// Not offered: volunteers meet in the rounds of their authority.
    public func barrier() throws(CommunicationError) {
        throw .unsupported(
            operation: "barrier",
            instead: "volunteers meet in the rounds that the coordinator announces"
        )
    }

    private static let noBroadcast = CommunicationError.unsupported(
        operation: "broadcast",
        instead: "volunteers fetch what all must know from the coordinator by its digest"
    )
}

extension PeerCommunicator {
    /// Runs a round until the authority has settled it, and writes the mean into the buffer if it was committed.
    fileprivate func settle(
        _ buffer: FlatBuffer,
        weight: Double,
        round: UInt64
    ) throws(CommunicationError) -> MeanReport {
        let clock = ContinuousClock()
        let start = clock.now
        var report = MeanReport(totalWeight: 0, contributors: 0, isComplete: false)
        var last: PeerExchange.Ending?
        defer { scratch = last?.mean ?? [] }
        var verdict = try authority.group(round: round, weight: weight)
        while case .again(let group) = verdict {
            let exchange = try begin(group, buffer, weight: weight, round: round)
            // The links stay open until the verdict: others may still be receiving this member's means.
            defer { exchange.close() }
            let ending = try exchange.run()
            report.add(ending.result, group)
            last = ending
            verdict = try authority.report(ending.result)
        }
        report.seconds = (clock.now - start) / .seconds(1)
        guard case .committed(let totalWeight) = verdict else { return report }
        guard let last, case .mean = last.result.outcome else {
            throw .authority(reason: "it committed round \(round) though this worker holds no mean of it")
        }
        if let mean = last.mean { buffer.copy(from: mean) }
        report.isComplete = true
        report.totalWeight = totalWeight
        return report
    }

    private func begin(
        _ group: RoundGroup,
        _ buffer: FlatBuffer,
        weight: Double,
        round: UInt64
    ) throws(CommunicationError) -> PeerExchange {
        try group.validate()
        let rank = try group.rank(of: id)
        guard group.round == round else {
            throw .invalidGroup(round: round, reason: "it belongs to round \(group.round)")
        }
        guard group.members[rank].weight == weight else {
            throw .invalidGroup(
                round: round,
                reason: "it counts \(group.members[rank].weight) samples here, not \(weight)"
            )
        }
        self.rank = rank
        size = group.members.count
        let state = try MeanRound(
            group: group,
            rank: rank,
            values: copy(of: buffer),
            compression: compression,
            aggregator: aggregator,
            limits: limits
        )
        return try PeerExchange(state, network)
    }

    private func copy(of buffer: FlatBuffer) -> [Float] {
        var values = scratch
        scratch = []
        guard values.count == buffer.count else { return buffer.floats }
        values.withUnsafeMutableBufferPointer { target in
            buffer.withFloats { _ = target.update(fromContentsOf: $0) }
        }
        return values
    }
}

/// A mean that is exchanged while its owner waits for it.
private final class PendingPeerMean: PendingMean {
    private let communicator: PeerCommunicator
    private let buffer: FlatBuffer
    private let weight: Double
    private let round: UInt64

    init(_ communicator: PeerCommunicator, _ buffer: FlatBuffer, weight: Double, round: UInt64) {
        self.communicator = communicator
        self.buffer = buffer
        self.weight = weight
        self.round = round
    }

    func wait() throws(CommunicationError) -> MeanReport {
        try communicator.settle(buffer, weight: weight, round: round)
    }
}

extension MeanReport {
    fileprivate mutating func add(_ result: RoundResult, _ group: RoundGroup) {
        contributors = group.contributors
        bytesSent += result.bytesSent
        bytesReceived += result.bytesReceived
        if case .lost(let members, _) = result.outcome { lost += members }
    }
}

extension FlatBuffer {
    /// Takes over as many values as the buffer has.
    func copy(from values: [Float]) {
        precondition(values.count == count, "\(values.count) values into \(count)")
        values.withUnsafeBufferPointer { source in
            withMutableFloats { _ = $0.update(fromContentsOf: source) }
        }
    }
}
