import Buffers
import Checkpoints
import Communication
import Configs
import TensorFiles
import TestSupport
import Testing

@testable import Training

/// A group whose means stay incomplete at first, and then are the member's own values.
final class LossyCommunicator: Communicator {
    let rank: Int
    let size: Int
    private let others: Float
    private(set) var failures: Int
    private(set) var rounds: [UInt64] = []
    private(set) var weights: [Float] = []

    /// `others` is the weight of the other members, who bring the same values.
    init(failures: Int = 0, rank: Int = 0, size: Int = 1, others: Float = 0) {
        (self.failures, self.rank, self.size, self.others) = (failures, rank, size, others)
    }

    func startMean(
        of buffer: FlatBuffer,
        weight: Float,
        round: UInt64
    ) throws(CommunicationError) -> any PendingMean {
        rounds.append(round)
        weights.append(weight)
        failures -= 1
        var report = MeanReport(totalWeight: Double(weight + others), contributors: 1, isComplete: failures < 0)
        if failures >= 0 { report.lost = ["rank 7"] }
        return FinishedMean(report)
    }

    func broadcast(_ buffer: FlatBuffer, from root: Int) throws(CommunicationError) {}

    func broadcast(_ bytes: [UInt8], from root: Int) throws(CommunicationError) -> [UInt8] { bytes }

    func barrier() throws(CommunicationError) {}
}

@Suite("Workers that take steps of their own")
struct LocalSynchronizerTests {
    private static let layout = ParameterLayout([ParameterSpec(name: "w", shape: [3], offset: 0, decay: true)])

    /// A worker of two with agreements every four steps.
    private struct Worker {
        let communicator: LossyCommunicator
        let synchronizer: any Synchronizer
        let parameters = FlatBuffer([1, 2, 3])
        var progress = Progress(plannedSamples: 1000)

        init(_ strategy: any SyncStrategy, rank: Int, of size: Int = 2) {
            communicator = LossyCommunicator(rank: rank, size: size, others: 1)
            synchronizer = strategy.makeSynchronizer(layout, communicator)
        }

        /// A step of 13 samples, 6 of them rank 0's.
        mutating func step(isFinite: Bool = true) throws -> Bool {
            synchronizer.begin(from: parameters)
            if !isFinite { synchronizer.withdraw() }
            let weight: Float = isFinite ? (communicator.rank == 0 ? 6 : 7) : 0
            _ = try synchronizer.reduceGradients(FlatBuffer(count: 3), weight: weight, at: progress)
            parameters.add(FlatBuffer([0.5, -1, Float(progress.step)]))
            progress.advance(by: 13)
            return try synchronizer.reduceParameters(parameters, at: progress)
        }

        /// Goes on where another worker stands, but for the synchronizer's own state.
        mutating func follow(_ other: Worker) {
            parameters.copy(from: other.parameters)
            progress = other.progress
        }
    }

    private static let strategies: [any SyncStrategy] = {
        var (local, outer, sparse) = (LocalSteps(), DiLoCo(), SparseLoCo())
        (local.every, outer.every, sparse.every) = (.steps(4), .samples(52), .steps(4))
        return [local, outer, sparse]
    }()

    private func save(_ workers: [Worker], in store: CheckpointStore) throws -> CheckpointReader {
        let state = CheckpointState(samples: 1, step: 1, plannedSamples: 2, configDigest: Digest(of: [0]), facts: [:])
        var writer = try store.begin(state, count: workers.count)
        try workers[0].synchronizer.save(&writer)
        for rank in 1..<max(1, workers.count) {
            let folder = writer.folderPath
            var other = CheckpointWriter(state, joining: folder, compressionLevel: nil, rank: rank, of: workers.count)
            try workers[rank].synchronizer.save(&other)
            try writer.include(other.files)
        }
        _ = try writer.commit()
        return try #require(store.newestValid().reader)
    }

    @Test("go on from a saved state to the same bits, wherever they were stopped", arguments: [0, 1, 3, 4, 6])
    func resumes(stop: Int) throws {
        for strategy in Self.strategies {
            let directory = try TestDirectory()
            let store = CheckpointStore(directory: directory.path + "/checkpoints")
            var workers = [0, 1].map { Worker(strategy, rank: $0) }
            for step in 0..<stop {
                for rank in 0..<2 { _ = try workers[rank].step(isFinite: rank == 0 || step != 5) }
            }
            var reader = try save(workers, in: store)
            var resumed = [0, 1].map { Worker(strategy, rank: $0) }
            for rank in 0..<2 {
                var synchronizer = resumed[rank].synchronizer
                reader.rank = rank
                try synchronizer.restore(reader)
                resumed[rank].follow(workers[rank])
                #expect(synchronizer.samplesApart == UInt64(stop % 4 * 13))
                for _ in 0..<6 {
                    let isAgreed = try workers[rank].step()
                    #expect(try resumed[rank].step() == isAgreed)
                    #expect(resumed[rank].parameters.floats == workers[rank].parameters.floats)
                }
                let count = resumed[rank].communicator.weights.count
                #expect(
                    count > 0 && resumed[rank].communicator.weights == workers[rank].communicator.weights.suffix(count)
                )
            }
        }
    }

    @Test("a rank that is new goes on with the share of one that was there")
    func moreRanks() throws {
        let strategy = Self.strategies[1]
        let directory = try TestDirectory()
        let store = CheckpointStore(directory: directory.path + "/checkpoints")
        var workers = [0, 1].map { Worker(strategy, rank: $0) }
        for rank in 0..<2 { _ = try workers[rank].step() }
        var reader = try save(workers, in: store)
        for (rank, weight) in [(2, 6), (3, 7)] as [(Int, Float)] {
            var worker = Worker(strategy, rank: rank, of: 4)
            var synchronizer = worker.synchronizer
            reader.rank = rank
            try synchronizer.restore(reader)
            worker.follow(workers[rank % 2])
            for _ in 0..<3 { _ = try worker.step() }
            #expect(worker.communicator.weights == [weight + 3 * 7])
        }
    }

    @Test("a state of other parameters, or of another strategy, is refused")
    func foreignState() throws {
        let directory = try TestDirectory()
        let store = CheckpointStore(directory: directory.path + "/checkpoints")
        let reader = try save([Worker(Self.strategies[0], rank: 0, of: 1)], in: store)
        var outer = Worker(Self.strategies[1], rank: 0).synchronizer
        #expect(throws: CheckpointError.self) { try outer.restore(reader) }
        var sparse = Worker(Self.strategies[2], rank: 0).synchronizer
        #expect(throws: CheckpointError.self) { try sparse.restore(reader) }
        let layout = ParameterLayout([ParameterSpec(name: "w", shape: [4], offset: 0, decay: true)])
        var longer = Self.strategies[0].makeSynchronizer(layout, SingleCommunicator())
        #expect(throws: CheckpointError.self) { try longer.restore(reader) }
    }
}
