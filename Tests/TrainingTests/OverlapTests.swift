import Buffers
import Communication
import Configs
import Networks
import TestSupport
import Testing

@testable import Training

/// A member of a group whose open means note what is delivered to them.
private final class RecordingCommunicator: Communicator {
    let inner: LocalCommunicator
    var means: [RecordingMean] = []

    init(_ inner: LocalCommunicator) {
        self.inner = inner
    }

    var rank: Int { inner.rank }
    var size: Int { inner.size }

    func startMean(
        of buffer: FlatBuffer,
        weight: Float,
        round: UInt64
    ) throws(CommunicationError) -> any PendingMean {
        try inner.startMean(of: buffer, weight: weight, round: round)
    }

    func openMean(
        of buffer: FlatBuffer,
        weight: Float,
        round: UInt64
    ) throws(CommunicationError) -> any OpenMean {
        let mean = RecordingMean(buffer, in: try inner.openMean(of: buffer, weight: weight, round: round))
        means.append(mean)
        return mean
    }

    func broadcast(_ buffer: FlatBuffer, from root: Int) throws(CommunicationError) {
        try inner.broadcast(buffer, from: root)
    }

    func broadcast(_ bytes: [UInt8], from root: Int) throws(CommunicationError) -> [UInt8] {
        try inner.broadcast(bytes, from: root)
    }

    func barrier() throws(CommunicationError) { try inner.barrier() }
}

/// What a worker ends with.
private struct Ending: Sendable, Equatable {
    let floats: [Float]
    let losses: [Double]
    let contributors: [Int]
    let withdrawn: Int
    let lengths: [Int]
}

@Suite("Gradients exchanged while they are computed")
struct OverlapTests {
    /// A run of four steps of many deliveries.
    private static func config(batch: Int, overlap: Bool) throws -> RunConfig {
        var config = try TinyRun.config(batch: batch, micro: 2)
        var model = try #require(config.model as? DiT)
        model.width = 48
        config.model = model
        var strategy = EveryStep()
        strategy.overlap = overlap
        config.synchronization = strategy
        return config
    }

    private static func poison(_ config: RunConfig, _ place: Poisoned.Place, sample: UInt64) throws -> RunConfig {
        var config = config
        let first = try #require(Recipe(config).layout.parameters.first)
        var objective = Poisoned()
        (objective.sample, objective.place, objective.count) = (sample, place, first.shape.count)
        config.objective = objective
        return config
    }

    private static func endings(_ count: Int, _ config: RunConfig) async throws -> [Ending] {
        try await GroupRun.each(count) { member in
            let communicator = RecordingCommunicator(member)
            let trainer = try Trainer(Recipe(config), communicator: communicator)
            let reports = try GroupRun.take(4, with: trainer, communicator)
            for mean in communicator.means { #expect(mean.wasFinal) }
            return Ending(
                floats: trainer.state.parameters.floats + trainer.state.evaluated.floats,
                losses: reports.map { $0.loss.isFinite ? $0.loss : -1 },
                contributors: reports.map(\.contributors),
                withdrawn: reports.last?.withdrawn ?? -1,
                lengths: communicator.means.map(\.ranges.count)
            )
        }
    }

    /// The same run with and without overlap, which must end alike; answers the ending with overlap.
    private static func compare(
        _ count: Int,
        _ change: (RunConfig) throws -> RunConfig = { $0 },
        batch: Int
    ) async throws
        -> [Ending]
    {
        let plain = try await endings(count, change(config(batch: batch, overlap: false)))
        let overlapped = try await endings(count, change(config(batch: batch, overlap: true)))
        for (a, b) in zip(plain, overlapped) {
            #expect(a.floats == b.floats)
            #expect(a.losses == b.losses)
            #expect(a.contributors == b.contributors)
            #expect(a.withdrawn == b.withdrawn)
            #expect(a.lengths.isEmpty)
            #expect(b.floats == overlapped[0].floats)
            #expect(b.floats.allSatisfy { $0.isFinite })
        }
        return overlapped
    }

    // 13 samples leave shares of different size and a last micro-batch of one, 2 leave a worker of three without any.
    @Test("no bit depends on it", arguments: [1, 2, 3], [13, 2])
    func sameBits(count: Int, batch: Int) async throws {
        let endings = try await Self.compare(count, batch: batch)
        for (rank, ending) in endings.enumerated() {
            #expect(ending.lengths.count == (count == 1 ? 0 : 4))
            // Workers with samples deliver again and again, a worker without all at once.
            let isEmpty = count == 3 && batch == 2 && rank == 0
            #expect(ending.lengths.allSatisfy { isEmpty ? $0 == 1 : $0 > 4 }, "\(ending.lengths)")
            #expect(ending.withdrawn == 0)
        }
    }

    @Test(
        "a gradient that is not finite in its last layer to be computed withdraws one worker alone",
        arguments: [2, 3]
    )
    func lateInfinity(count: Int) async throws {
        // The last sample of the second step is the last rank's.
        let endings = try await Self.compare(count, { try Self.poison($0, .gradient, sample: 25) }, batch: 13)
        #expect(endings.map { $0.withdrawn } == Array(repeating: 0, count: count - 1) + [1])
        #expect(endings[0].contributors == [count, count - 1, count, count])
    }

    @Test("a loss that is not finite withdraws one worker alone", arguments: [2, 3])
    func infiniteLoss(count: Int) async throws {
        let endings = try await Self.compare(count, { try Self.poison($0, .loss, sample: 13) }, batch: 13)
        #expect(endings.map { $0.withdrawn } == [1] + Array(repeating: 0, count: count - 1))
        #expect(endings[0].contributors == [count, count - 1, count, count])
        #expect(endings[0].losses[1] == -1)
    }

    @Test("a step in which all workers withdraw changes nothing", arguments: [Poisoned.Place.gradient, .loss])
    func allWithdraw(place: Poisoned.Place) async throws {
        // With two samples and three workers only the last two have one.
        let endings = try await Self.compare(3, { try Self.poison($0, place, sample: 3) }, batch: 2)
        #expect(endings.map { $0.withdrawn } == [0, 0, 1])
        let alone = try await Self.compare(1, { try Self.poison($0, place, sample: 3) }, batch: 2)
        #expect(alone[0].withdrawn == 1)
        #expect(alone[0].contributors == [1, 0, 1, 1])
    }

    @Test("the switch in the run file does not make it another run")
    func identity() throws {
        let one = try RunIdentity(Self.config(batch: 13, overlap: false))
        let other = try RunIdentity(Self.config(batch: 13, overlap: true))
        #expect(one.firstChange(to: other) == nil)
        var config = try Self.config(batch: 13, overlap: true)
        config.seed += 1
        #expect(RunIdentity(config).firstChange(to: other) != nil)
    }
}
