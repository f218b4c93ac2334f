public import Buffers

/// Two groups in one: the members inside form their mean, then rank 0 takes part in the means of a group outside with the weight of all.
///
/// The group outside sees one heavy member. Afterwards all members inside hold the same bits. Broadcasts, sums and barriers stay inside.
public final class HierarchicalCommunicator: Communicator {
    /// This member's place inside.
    public var rank: Int { inside.rank }
    /// The number of members inside.
    public var size: Int { inside.size }

    private let inside: any Communicator
    private let outside: (any Communicator)?
    /// The values of a mean that may turn out to be incomplete, so that the caller's stay as they are.
    private var scratch: FlatBuffer?

    /// Joins two groups; rank 0 inside, and nobody else, brings its member of the group outside.
    public init(inside: any Communicator, outside: (any Communicator)?) {
        precondition(
            (inside.rank == 0) == (outside != nil),
            "rank \(inside.rank) has the wrong part of the group outside"
        )
        self.inside = inside
        self.outside = outside
    }

    /// Prepares a mean; the exchanges themselves run inside `wait()`.
    ///
    /// The weight that counts outside is the sum of the weights inside. If rank 0 fails outside, it throws its own error and the others
    /// throw `outside`; the group inside is then as good as before. Throws `notFinite` on all members inside if one of them brings values
    /// that cannot be averaged.
    public func startMean(
        of buffer: FlatBuffer,
        weight: Float,
        round: UInt64
    ) throws(CommunicationError) -> any PendingMean {
        try checkWeight(weight)
        return PendingHierarchicalMean(self, buffer, weight: weight, round: round)
    }

    /// The sums over the members inside.
    public func sum(_ values: [Double]) throws(CommunicationError) -> [Double] { try inside.sum(values) }

    /// Copies the members' parts inside.
    public func gather(_ buffer: FlatBuffer, parts: [Range<Int>]) throws(CommunicationError) {
        try inside.gather(buffer, parts: parts)
    }

    /// Memory from which the group inside exchanges fastest.
    public func makeBuffer(count: Int) -> FlatBuffer { inside.makeBuffer(count: count) }

    /// The choice of the group inside.
    public func chooseExchange(count: Int) throws(CommunicationError) -> ExchangeChoice? {
        try inside.chooseExchange(count: count)
    }

    /// Copies the root's values into every buffer inside.
    public func broadcast(_ buffer: FlatBuffer, from root: Int) throws(CommunicationError) {
        try inside.broadcast(buffer, from: root)
    }

    /// The root's bytes on every member inside.
    public func broadcast(_ bytes: [UInt8], from root: Int) throws(CommunicationError) -> [UInt8] {
        try inside.broadcast(bytes, from: root)
    }

    /// Returns once every member inside has called it.
    public func barrier() throws(CommunicationError) { try inside.barrier() }
}

extension HierarchicalCommunicator {
    fileprivate func settle(
        _ buffer: FlatBuffer,
        weight: Float,
        round: UInt64
    ) throws(CommunicationError) -> MeanReport {
        // Found together, so that nobody waits for a member that has thrown.
        let isSound = weight == 0 || buffer.withFloats(isUsable)
        guard try inside.sum([isSound ? 0 : 1]) == [0] else { throw .notFinite(round: round) }
        let values = scratch?.count == buffer.count ? scratch : nil
        let mean = values ?? inside.makeBuffer(count: buffer.count)
        scratch = mean
        mean.copy(from: buffer)
        let own = try inside.mean(of: mean, weight: weight, round: round)
        guard own.isComplete else { return own }
        var report = try exchange(mean, of: own, round: round)
        report.bytesSent += own.bytesSent
        report.bytesReceived += own.bytesReceived
        guard report.isComplete, report.totalWeight > 0 else { return report }
        try inside.broadcast(mean, from: 0)
        buffer.copy(from: mean)
        return report
    }

    /// Rank 0 exchanges outside; everybody learns how that ended.
    private func exchange(
        _ mean: FlatBuffer,
        of own: MeanReport,
        round: UInt64
    ) throws(CommunicationError) -> MeanReport {
        guard let outside else { return try HierarchicalVerdict(bytes: inside.broadcast([], from: 0)).get() }
        let result: Result<MeanReport, CommunicationError>
        do {
            result = .success(try outside.mean(of: mean, weight: Float(own.totalWeight), round: round))
        } catch {
            result = .failure(error)
        }
        _ = try inside.broadcast(HierarchicalVerdict(result).bytes, from: 0)
        return try result.get()
    }
}

/// A mean of two groups that is exchanged while its owner waits for it.
private final class PendingHierarchicalMean: PendingMean {
    private let communicator: HierarchicalCommunicator
    private let buffer: FlatBuffer
    private let weight: Float
    private let round: UInt64

    init(_ communicator: HierarchicalCommunicator, _ buffer: FlatBuffer, weight: Float, round: UInt64) {
        self.communicator = communicator
        self.buffer = buffer
        self.weight = weight
        self.round = round
    }

    func wait() throws(CommunicationError) -> MeanReport {
        try communicator.settle(buffer, weight: weight, round: round)
    }
}

/// How the exchange outside ended, as rank 0 tells it to the others.
enum HierarchicalVerdict: Equatable {
    case settled(MeanReport)
    case failed(reason: String)

    /// A byte that says which, then numbers of 8 bytes and names, or the reason.
    var bytes: [UInt8] {
        switch self {
        case .failed(let reason): return [0] + Array(reason.utf8)
        case .settled(let report):
            let words = [
                report.isComplete ? 1 : 0, report.totalWeight.bitPattern, UInt64(report.contributors),
                report.bytesSent, report.bytesReceived, report.seconds.bitPattern,
            ]
            let numbers = words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) } }
            return [1] + numbers + Array(report.lost.joined(separator: "\n").utf8)
        }
    }

    init(_ result: Result<MeanReport, CommunicationError>) {
        switch result {
        case .success(let report): self = .settled(report)
        case .failure(let error): self = .failed(reason: error.description)
        }
    }

    init(bytes: [UInt8]) {
        guard bytes.first == 1, bytes.count >= 49 else {
            self = .failed(reason: String(decoding: bytes.dropFirst(), as: UTF8.self))
            return
        }
        let words = (0..<6).map { index in
            (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[1 + index * 8 + $1]) << ($1 * 8) }
        }
        var report = MeanReport(
            totalWeight: Double(bitPattern: words[1]),
            contributors: Int(truncatingIfNeeded: words[2]),
            isComplete: words[0] == 1,
            seconds: Double(bitPattern: words[5])
        )
        report.bytesSent = words[3]
        report.bytesReceived = words[4]
        report.lost = String(decoding: bytes.dropFirst(49), as: UTF8.self).split(separator: "\n").map(String.init)
        self = .settled(report)
    }

    func get() throws(CommunicationError) -> MeanReport {
        switch self {
        case .settled(let report): return report
        case .failed(let reason): throw .outside(reason: reason)
        }
    }
}
