import Buffers
import NIOCore
import Testing

@testable import Communication

/// Delivers the frames of a whole group in a random order that keeps the order of each link, with faults, under a virtual clock.
struct RoundDriver {
    /// What goes wrong.
    struct Faults {
        /// The chance that a frame is lost.
        var drop = 0.0
        /// The chance that a frame comes twice.
        var duplicate = 0.0
        /// A member that dies after so many deliveries.
        var kill: (rank: Int, after: Int)?
        /// Changes a frame on its way; nil drops it.
        var tamper: ((Frame, _ from: Int, _ to: Int) -> Frame?)?
        /// Whether a member's death breaks its links, or is only seen as silence.
        var breaksLinks = true
    }

    private(set) var rounds: [MeanRound]
    private(set) var finished: Set<Int> = []
    private(set) var failures: [Int: RoundFailure] = [:]
    /// The virtual time.
    private(set) var elapsed: Duration = .zero
    /// The most parts that were waiting on one link.
    private(set) var longestQueue = 0

    private struct Link: Hashable {
        var from: Int
        var to: Int
    }

    private var queues: [Link: [Frame]] = [:]
    private var random: RandomStream
    private var dead: Set<Int> = []
    private var faults: Faults

    init(_ rounds: [MeanRound], seed: UInt64, faults: Faults = Faults()) {
        self.rounds = rounds
        self.faults = faults
        random = RandomStream(seed: seed, purpose: .order, index: 0)
    }

    /// The members that are neither dead nor decided.
    private var undecided: [Int] {
        rounds.indices.filter { !dead.contains($0) && !finished.contains($0) && failures[$0] == nil }
    }

    /// Runs until every living member has finished or failed.
    mutating func expectEnd(_ location: SourceLocation = #_sourceLocation) {
        let hasEnded = run()
        #expect(hasEnded, "members still wait", sourceLocation: location)
    }

    /// Runs until every living member has finished or failed; false if that does not happen.
    private mutating func run() -> Bool {
        for rank in rounds.indices { handle(.start, by: rank) }
        var deliveries = 0
        while !undecided.isEmpty {
            if let kill = faults.kill, deliveries >= kill.after { die(kill.rank) }
            let ready = queues.keys.filter { queues[$0]?.isEmpty == false }.sorted {
                ($0.from, $0.to) < ($1.from, $1.to)
            }
            guard let link = ready.isEmpty ? nil : ready[Int(random.next() % UInt64(ready.count))] else {
                guard passTime() else { return false }
                continue
            }
            deliver(link)
            deliveries += 1
            guard deliveries < 1_000_000 else { return false }
        }
        return true
    }

    private mutating func deliver(_ link: Link) {
        guard let first = queues[link]?.removeFirst(), !dead.contains(link.to) else { return }
        if random.uniform() < faults.drop { return }
        guard let frame = faults.tamper.map({ $0(first, link.from, link.to) }) ?? first else { return }
        handle(.frame(frame, from: link.from), by: link.to)
        if random.uniform() < faults.duplicate { handle(.frame(frame, from: link.from), by: link.to) }
    }

    /// Lets the next deadline come.
    private mutating func passTime() -> Bool {
        let next = undecided.compactMap { rounds[$0].nextDeadline }.min()
        guard let next, elapsed < .seconds(1000) else { return false }
        elapsed = max(elapsed, next)
        for rank in undecided { handle(.tick, by: rank) }
        return true
    }

    private mutating func die(_ rank: Int) {
        faults.kill = nil
        dead.insert(rank)
        guard faults.breaksLinks else { return }
        for other in rounds.indices where !dead.contains(other) {
            handle(.linkLost(rank: rank, reason: "was lost: the connection was closed by the other side"), by: other)
        }
    }

    private mutating func handle(_ input: MeanRoundInput, by rank: Int) {
        for action in rounds[rank].handle(input, at: elapsed) {
            switch action {
            case .send(let frame, let peer):
                let link = Link(from: rank, to: peer)
                queues[link, default: []].append(frame)
                longestQueue = max(longestQueue, queues[link]?.count ?? 0)
            case .finish: finished.insert(rank)
            case .fail(let failure): failures[rank] = failure
            }
        }
    }
}

/// Groups, values and rounds for tests.
enum Example {
    static func group(weights: [Double], round: UInt64 = 7, deadline: Double = 60) -> RoundGroup {
        RoundGroup(
            round: round,
            attempt: 0,
            members: weights.enumerated().map { rank, weight in
                RoundMember(id: "w\(rank)", host: "127.0.0.1", port: 1, weight: weight)
            },
            key: Array(repeating: 5, count: 32),
            deadline: deadline
        )
    }

    static func values(_ count: Int, seed: UInt64) -> [Float] {
        var random = RandomStream(seed: seed, purpose: .noise, index: 1)
        return FlatBuffer(copyingData: random.normal([count])).floats
    }

    /// The weighted mean in double precision.
    static func mean(_ values: [[Float]], _ weights: [Double]) -> [Double] {
        let total = weights.reduce(0, +)
        return (values.first ?? []).indices.map { index in
            zip(values, weights).reduce(0) { sum, member in
                member.1 == 0 ? sum : sum + Double(member.0[index]) * member.1
            } / total
        }
    }

    static func rounds(
        _ group: RoundGroup,
        _ values: [[Float]],
        compression: any Compression = Float32Compression(),
        aggregator: any Aggregator = WeightedMean(),
        limits: MeanRoundLimits = MeanRoundLimits()
    ) throws -> [MeanRound] {
        try values.enumerated().map { rank, values in
            try MeanRound(
                group: group,
                rank: rank,
                values: values,
                compression: compression,
                aggregator: aggregator,
                limits: limits
            )
        }
    }
}

extension FlatBuffer {
    convenience init(copyingData data: TensorData) {
        self.init(count: data.shape.count)
        copy(from: data)
    }
}

extension [Float] {
    var bits: [UInt32] { map(\.bitPattern) }
}

/// A codec with small parts, so that short buffers make many frames.
struct SmallParts: Compression {
    static let name = "small-parts"
    static let reference = Float32Compression.reference
    static let wireID: UInt8 = 200

    private let plain = Float32Compression()

    enum CodingKeys: CodingKey {}

    func validate() {}
    // Above the limit of a part for more than 64 values.
    func maximumSize(of count: Int) -> Int { count <= 64 ? 4 * count : PartitionPlan.largestPart + 1 }

    func encode(_ values: Span<Float>, into bytes: inout MutableRawSpan, using random: inout RandomStream) -> Int {
        plain.encode(values, into: &bytes, using: &random)
    }

    func decode(_ bytes: RawSpan, into values: inout MutableSpan<Float>) throws(CompressionError) {
        try plain.decode(bytes, into: &values)
    }
}
