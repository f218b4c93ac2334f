public import Buffers
import Checkpoints
public import Communication
public import Configs

/// Averages gradients in every step as products of two thin matrices; what these leave out is added to the next gradients.
///
/// Source: Vogels et al. 2019, "PowerSGD", arXiv:1905.13727, algorithms 1 and 2, with weights for shares of different size.
public struct LowRank: SyncStrategy {
    /// The name in run files.
    public static let name = "low-rank"
    /// Where the method is described.
    public static let reference = Reference(
        title: "PowerSGD: Practical Low-Rank Gradient Compression for Distributed Optimization",
        year: 2019,
        link: "arXiv:1905.13727",
        equations: "algorithms 1 and 2"
    )
    /// Each worker keeps a residual.
    public static let needsFixedGroup = true

    /// The largest rank of a matrix's mean gradient, in `1...64`.
    public var rank = 4

    /// The defaults.
    public init() {}

    /// Checks the range.
    public func validate() throws(ConfigError) {
        try ConfigError.require((1...64).contains(rank), "rank", found: rank, expected: "1 to 64")
    }

    /// Factors may be rounded, but not thinned out; and the residual is of the factors.
    public func objection(to section: CommunicationSection) -> String? {
        guard section.compression.isProjection || section.feedback else { return nil }
        return "this strategy keeps a residual of its own and needs all of its factors"
    }

    /// Makes the state of one worker.
    public func makeSynchronizer(_ layout: ParameterLayout, _ communicator: any Communicator) -> any Synchronizer {
        LowRankSynchronizer(layout, communicator, rank: rank)
    }
}

/// Averages the factors of gradients; parameters agree because all workers apply the same update.
final class LowRankSynchronizer: Synchronizer {
    private static let sharedFile = "synchronizer"
    private static let ownFile = "synchronizer.own"

    let factors: LowRankFactors
    private let communicator: any Communicator

    var changesParameters: Bool { false }

    init(_ layout: ParameterLayout, _ communicator: any Communicator, rank: Int) {
        self.communicator = communicator
        factors = LowRankFactors(layout, rank: rank) { communicator.makeBuffer(count: $0) }
    }

    // Two means in a step, so two numbers of rounds.
    func reduceGradients(
        _ gradients: FlatBuffer,
        weight: Float,
        at progress: Progress
    ) throws(CommunicationError) -> MeanReport {
        let weight = factors.project(gradients, step: progress.samples) ? weight : 0
        var report = try communicator.mean(of: factors.left, weight: weight, round: 2 * progress.samples)
        guard report.isComplete, report.totalWeight > 0 else { return report }
        factors.complete()
        if factors.nextRight.count > 0 {
            report.add(try communicator.mean(of: factors.nextRight, weight: weight, round: 2 * progress.samples + 1))
        }
        guard report.isComplete, report.totalWeight > 0 else { return report }
        factors.commit(into: gradients, counted: weight > 0)
        return report
    }

    func reduceParameters(_ parameters: FlatBuffer, at progress: Progress) throws(CommunicationError) -> Bool { true }

    func save(_ writer: inout CheckpointWriter) throws(CheckpointError) {
        try writer.add(Self.sharedFile, shared.tensors)
        try writer.addOwn(Self.ownFile, own.tensors)
    }

    // A rank that was not there when the state was saved goes on with the residual of one that was.
    func restore(_ reader: CheckpointReader) throws(CheckpointError) {
        try reader.read(shared, from: Self.sharedFile)
        try reader.read(own, from: reader.own(Self.ownFile))
    }

    private var shared: [String: FlatBuffer] { ["right": factors.right] }
    private var own: [String: FlatBuffer] { ["residual": factors.residual] }
}

extension MeanReport {
    /// Counts a mean that followed, of the same members, towards this one.
    fileprivate mutating func add(_ other: MeanReport) {
        isComplete = isComplete && other.isComplete
        totalWeight = other.totalWeight
        contributors = other.contributors
        bytesSent += other.bytesSent
        bytesReceived += other.bytesReceived
        seconds += other.seconds
        lost += other.lost
    }
}
