import Buffers
import Checkpoints
import Communication
import Configs
import Optimization
import TensorFiles
import TestSupport
import Testing

@testable import Training

/// Workers that never agree, each with numbers of its own.
private struct Apart: SyncStrategy {
    static let name = "apart"
    static let reference = Reference(title: "A strategy for tests", year: 2025, link: "here")

    func validate() throws(ConfigError) {}

    func makeSynchronizer(_ layout: ParameterLayout, _ communicator: any Communicator) -> any Synchronizer {
        ApartSynchronizer(communicator.rank)
    }
}

private final class ApartSynchronizer: Synchronizer {
    private(set) var numbers: [Int]

    var sharing: StateSharing { .local }
    var changesParameters: Bool { true }

    init(_ rank: Int) {
        numbers = [rank, 0]
    }

    func reduceGradients(
        _ gradients: FlatBuffer,
        weight: Float,
        at progress: Progress
    ) throws(CommunicationError) -> MeanReport {
        numbers[1] += 1
        return MeanReport(totalWeight: Double(weight), contributors: 1)
    }

    func reduceParameters(_ parameters: FlatBuffer, at progress: Progress) throws(CommunicationError) -> Bool { false }

    func save(_ writer: inout CheckpointWriter) throws(CheckpointError) {
        try writer.add("apart-shared", value: [7])
        try writer.addOwn("apart", value: numbers)
    }

    func restore(_ reader: CheckpointReader) throws(CheckpointError) {
        numbers = try reader.value([Int].self, reader.own("apart"))
    }
}

@Suite("Checkpoints that ranks write together")
struct SharedResumeTests {
    private static func config(_ strategy: any SyncStrategy = Sharded()) throws -> RunConfig {
        var config = try TinyRun.config(length: 360)
        config.synchronization = strategy
        // Gradients that are 0 but for rounding, such as those of biases of keys, would otherwise move by whole steps.
        var optimizer = AdamW()
        (optimizer.rate, optimizer.epsilon) = (1e-2, 1e-4)
        config.optimizer = optimizer
        return config
    }

    private static func trainer(
        _ group: LocalCommunicator,
        from path: String? = nil,
        _ strategy: any SyncStrategy = Sharded()
    ) throws -> Trainer {
        let trainer = try Trainer(Recipe(config(strategy)), communicator: group)
        if let path {
            var reader = try #require(try CheckpointStore(directory: path).newestValid().reader)
            reader.rank = group.rank
            try trainer.restore(reader)
        }
        return trainer
    }

    private static func numbers(_ trainer: Trainer) throws -> [Float] {
        try trainer.state.parameters.floats + trainer.evaluatedWeights().floats
    }

    /// Trains and saves into `path`.
    private static func save(_ path: String, by count: Int, after steps: Int) async throws {
        _ = try await Ranks.run(count) { group in
            let trainer = try trainer(group)
            try TinyRun.take(steps, with: trainer, in: group)
            let store = group.rank == 0 ? CheckpointStore(directory: path) : nil
            return try trainer.save(in: store, with: group)
        }
    }

    @Test("what four ranks saved goes on with one to four, to the same bits with four")
    func anyNumberResumes() async throws {
        let directory = try TestDirectory()
        let path = directory.path
        try await Self.save(path, by: 4, after: 20)
        let undisturbed = try await Ranks.run(4) { group in
            let trainer = try Self.trainer(group)
            try TinyRun.take(30, with: trainer, in: group)
            return try Self.numbers(trainer)
        }
        for count in 1...4 {
            let ends = try await Ranks.run(count) { group in
                let trainer = try Self.trainer(group, from: path)
                #expect(trainer.state.progress.step == 20)
                try TinyRun.take(10, with: trainer, in: group)
                return try Self.numbers(trainer)
            }
            #expect(ends.allSatisfy { $0 == ends[0] })
            if count == 4 {
                #expect(ends[0] == undisturbed[0])
            } else {
                let largest = undisturbed[0].reduce(0) { max($0, abs($1)) }
                expectClose(ends[0], undisturbed[0], Tolerance(absolute: 1e-5 * Double(largest)))
            }
        }
    }

    @Test("what one worker saved goes on with four, and is cut into their parts")
    func wholeStatesAreCut() async throws {
        let directory = try TestDirectory()
        let path = directory.path
        try await Self.save(path, by: 1, after: 2)
        #expect(try directory.names("000000000024").contains("model.optimizer.safetensors.zst"))
        let alone = try #require(try await Ranks.run(1) { try Self.numbers(Self.trainer($0, from: path)) }.first)
        let together = try await Ranks.run(4) { group in
            let trainer = try Self.trainer(group, from: path)
            let again = CheckpointStore(directory: path + "/again")
            _ = try trainer.save(in: group.rank == 0 ? again : nil, with: group)
            return try Self.numbers(trainer)
        }
        #expect(together.allSatisfy { $0 == alone })
        // Cut and put together again: the optimiser's moments too.
        let moments = try await Ranks.run(1) { group in
            try [path, path + "/again"].map { path in
                try Self.trainer(group, from: path).state.optimizer.buffers.mapValues(\.floats)
            }
        }
        #expect(moments[0][0] == moments[0][1])
    }

    @Test("with replicated state the files and their bytes are those of one worker")
    func replicatedStatesAreWrittenOnce() async throws {
        let directory = try TestDirectory()
        let path = directory.path
        let manifests = try await Ranks.run(2) { group in
            let trainer = try Self.trainer(group, EveryStep())
            try TinyRun.take(2, with: trainer, in: group)
            _ = try trainer.save(in: group.rank == 0 ? CheckpointStore(directory: path) : nil, with: group)
            let alone = CheckpointStore(directory: path + "/alone-\(group.rank)")
            let id = try trainer.save(in: alone)
            return try [CheckpointStore(directory: path).open(id), alone.open(id)].map(\.manifest)
        }
        #expect(manifests[0].allSatisfy { $0 == manifests[0][0] } && manifests[1] == manifests[0])
        #expect(manifests[0][0].files.count == 5)
    }

    @Test("local states are saved by each rank, and rank r reads that of rank r modulo those saved")
    func localStates() async throws {
        let directory = try TestDirectory()
        let path = directory.path
        let saved = try await Ranks.run(3) { group in
            let trainer = try Self.trainer(group, Apart())
            try TinyRun.take(2 + group.rank, with: trainer)
            trainer.state.progress = Progress(plannedSamples: 360)
            _ = try trainer.save(in: group.rank == 0 ? CheckpointStore(directory: path) : nil, with: group)
            let moments = trainer.state.optimizer.buffers.mapValues(\.floats)
            return (trainer.state.parameters.floats, moments, (trainer.synchronizer as? ApartSynchronizer)?.numbers)
        }
        #expect(saved[0].0 != saved[1].0)
        for count in [1, 2, 3, 5] {
            let restored = try await Ranks.run(count) { group in
                let trainer = try Self.trainer(group, from: path, Apart())
                let moments = trainer.state.optimizer.buffers.mapValues(\.floats)
                return (trainer.state.parameters.floats, moments, (trainer.synchronizer as? ApartSynchronizer)?.numbers)
            }
            for (rank, state) in restored.enumerated() {
                #expect(state == saved[rank % 3], "rank \(rank) of \(count)")
            }
        }
        #expect(try CheckpointFacts(path + "/000000000000").parameters == saved[0].0.count)
    }

    @Test(
        "a rank that fails at any step of writing makes all fail with its name, and nothing is left",
        arguments: [0, 2]
    )
    func faults(_ failing: Int) async throws {
        let directory = try TestDirectory()
        let path = directory.path
        let outcomes = try await Ranks.run(3) { group in
            let trainer = try Self.trainer(group)
            let store = group.rank == 0 ? CheckpointStore(directory: path) : nil
            var sentences: [String?] = []
            var isThrough = false
            while !isThrough {
                let faults = FaultPoints(failing: group.rank == failing ? sentences.count : nil, code: 28)
                do {
                    _ = try faults.run { try trainer.save(in: store, with: group) }
                    sentences.append(nil)
                } catch {
                    sentences.append("\(error)")
                }
                // All have the same number of attempts: until the failing rank got through without reaching the fault.
                let reached = try group.broadcast([faults.count > sentences.count - 1 ? 1 : 0], from: failing)
                isThrough = reached == [0]
                let names = (try? directory.names()) ?? []
                #expect(names.allSatisfy { !$0.hasPrefix(".partial") }, "attempt \(sentences.count): \(names)")
                try group.barrier()
            }
            return sentences
        }
        #expect(outcomes[0].count > 10)
        for attempt in outcomes[0].indices {
            let sentences = outcomes.map { $0[attempt] }
            #expect(Set(sentences.map { $0 == nil }).count == 1, "attempt \(attempt): \(sentences)")
            for sentence in sentences.compactMap(\.self) {
                #expect(sentence.hasPrefix("the checkpoint was not written because rank \(failing) of 3 failed: "))
            }
        }
        #expect(outcomes[0].dropLast().filter { $0 != nil }.count > 10)
        #expect(outcomes[0].last == .some(nil))
    }

    @Test(
        "a rank that goes away makes the others fail instead of waiting, and what it left is removed at the next start"
    )
    func lostRanks() async throws {
        let directory = try TestDirectory()
        let path = directory.path
        let outcomes = await Ranks.outcomes(3) { group in
            let trainer = try Self.trainer(group)
            if group.rank == 1 { return false }
            let store = group.rank == 0 ? CheckpointStore(directory: path + "/checkpoints") : nil
            _ = try trainer.save(in: store, with: group)
            return true
        }
        #expect(throws: TrainingError.self) { try outcomes[0].get() }
        #expect(throws: TrainingError.self) { try outcomes[2].get() }
        #expect(try directory.names("checkpoints").isEmpty)

        let remains = path + "/checkpoints/.partial-000000000012-x"
        try Folder.create(remains)
        try directory.write([1], to: "checkpoints/.partial-000000000012-x/model.optimizer.part-1-of-3.safetensors.zst")
        _ = try RunDirectory(path, for: Self.config(), fresh: false)
        #expect(!Folder.exists(remains))
    }
}
