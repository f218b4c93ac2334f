import Buffers
import Checkpoints
import Communication
import Configs
import TestSupport
import Testing

@testable import Training

@Suite("low-rank")
struct LowRankTests {
    private static func config(rank: Int) throws -> RunConfig {
        var config = try TinyRun.config(micro: 16)
        var strategy = LowRank()
        strategy.rank = rank
        config.synchronization = strategy
        try config.validate()
        return config
    }

    private static let layout = ParameterLayout([
        ParameterSpec(name: "w", shape: [20, 30], offset: 0, decay: true),
        ParameterSpec(name: "b", shape: [20], offset: 600, decay: false),
    ])

    private static func gradients(_ rank: Int, _ step: UInt64) -> FlatBuffer {
        var random = RandomStream(seed: step, purpose: .noise, index: UInt64(rank))
        let buffer = FlatBuffer(count: layout.count)
        buffer.copy(from: random.normal([layout.count]))
        return buffer
    }

    @Test("the mean counts samples, goes on from residuals, and is the same bits on all")
    func means() async throws {
        let results = try await GroupRun.each(2) { member -> [[Float]] in
            let synchronizer = LowRankSynchronizer(Self.layout, member, rank: 2)
            var progress = Progress(plannedSamples: 1 << 30)
            var answers: [[Float]] = []
            for step in 0..<4 as Range<UInt64> {
                let buffer = Self.gradients(member.rank, step)
                let report = try synchronizer.reduceGradients(buffer, weight: Float(1 + 2 * member.rank), at: progress)
                #expect(report.isComplete && report.totalWeight == 4 && report.contributors == 2)
                answers.append(buffer.floats)
                progress.advance(by: 4)
            }
            answers.append(synchronizer.factors.residual.floats)
            return answers
        }
        #expect(results[0].dropLast() == results[1].dropLast())
        // What came, weighted, is what was sent and what is left.
        for index in 0..<Self.layout.count {
            var came = 0.0
            var sent = 0.0
            for step in 0..<4 {
                let (first, second) = (Self.gradients(0, UInt64(step)), Self.gradients(1, UInt64(step)))
                came += 0.25 * Double(first.floats[index]) + 0.75 * Double(second.floats[index])
                sent += Double(results[0][step][index])
            }
            let left = 0.25 * Double(results[0][4][index]) + 0.75 * Double(results[1][4][index])
            #expect(abs(came - sent - left) < 1e-4)
        }
    }

    @Test("a worker that withdraws keeps its residual and takes the mean of the others")
    func withdrawn() async throws {
        let results = try await GroupRun.each(2) { member -> ([Float], [Float], [Float]) in
            let synchronizer = LowRankSynchronizer(Self.layout, member, rank: 2)
            var progress = Progress(plannedSamples: 1 << 30)
            _ = try synchronizer.reduceGradients(Self.gradients(member.rank, 0), weight: 1, at: progress)
            let residual = synchronizer.factors.residual.floats
            progress.advance(by: 2)
            let buffer = Self.gradients(member.rank, 1)
            if member.rank == 1 { buffer.withMutableFloats { $0[5] = .nan } }
            let report = try synchronizer.reduceGradients(buffer, weight: 1, at: progress)
            #expect(report.totalWeight == 1 && report.contributors == 1)
            return (buffer.floats, residual, synchronizer.factors.residual.floats)
        }
        #expect(results[0].0 == results[1].0 && results[0].0.allSatisfy(\.isFinite))
        #expect(results[0].1 != results[0].2 && results[1].1 == results[1].2)
    }

    @Test("if all withdraw, gradients and state stay as they are")
    func nobody() throws {
        let synchronizer = LowRankSynchronizer(Self.layout, SingleCommunicator(), rank: 2)
        let progress = Progress(plannedSamples: 100)
        _ = try synchronizer.reduceGradients(Self.gradients(0, 0), weight: 1, at: progress)
        let (right, residual) = (synchronizer.factors.right.floats, synchronizer.factors.residual.floats)
        let buffer = Self.gradients(0, 1)
        let report = try synchronizer.reduceGradients(buffer, weight: 0, at: progress)
        #expect(report.totalWeight == 0 && buffer.floats == Self.gradients(0, 1).floats)
        #expect(synchronizer.factors.right.floats == right && synchronizer.factors.residual.floats == residual)
    }

    @Test("ranks that are stopped and started again go on to the same bits")
    func resumes() async throws {
        let config = try Self.config(rank: 1)
        let directory = try TestDirectory()
        let path = directory.path
        let whole = try await Ranks.run(2) { group in
            let trainer = try Trainer(Recipe(config), communicator: group)
            try TinyRun.take(3, with: trainer, in: group)
            _ = try trainer.save(in: group.rank == 0 ? CheckpointStore(directory: path) : nil, with: group)
            try TinyRun.take(5, with: trainer, in: group)
            return trainer.state.parameters.floats
        }
        let resumed = try await Ranks.run(2) { group in
            let trainer = try Trainer(Recipe(config), communicator: group)
            var reader = try #require(try CheckpointStore(directory: path).newestValid().reader)
            reader.rank = group.rank
            try trainer.restore(reader)
            try TinyRun.take(5, with: trainer, in: group)
            return trainer.state.parameters.floats
        }
        for rank in 0..<2 { #expect(whole[rank] == whole[0] && resumed[rank] == whole[0]) }
    }

    @Test("two workers learn the digits about as well as with whole gradients")
    func learns() async throws {
        func loss(_ strategy: any SyncStrategy) async throws -> (first: Double, last: Double) {
            var config = try TinyRun.config(length: 32 * 192, batch: 32, micro: 16)
            config.averages = []
            config.synchronization = strategy
            let run = config
            let losses = try await GroupRun.each(2) { member in
                let trainer = try Trainer(Recipe(run), communicator: member)
                return try GroupRun.take(192, with: trainer, member).map(\.loss)
            }
            let (first, last) = (losses.map { $0.prefix(8) }.joined(), losses.map { $0.suffix(32) }.joined())
            return (first.reduce(0, +) / 16, last.reduce(0, +) / 64)
        }
        let whole = try await loss(EveryStep())
        for rank in [1, 4] {
            let thin = try await loss(Self.config(rank: rank).synchronization)
            #expect(thin.last < 1.12 * whole.last, "rank \(rank): \(thin.last) against \(whole.last)")
            #expect(thin.last < 0.65 * thin.first, "\(thin.first) at first, \(thin.last) in the end")
        }
    }

    @Test("refuses ranks out of range, codecs that drop values, and a second residual")
    func refusals() throws {
        func run(_ lines: String) throws -> RunConfig { try RunConfig(parsing: lines, file: "run.yaml") }
        for rank in [0, 65] {
            #expect(throws: ConfigError.self) { try run("synchronization: {type: low-rank, rank: \(rank)}") }
        }
        for codec in ["one-bit", "top-k"] {
            #expect(throws: ConfigError.self) {
                try run("synchronization: low-rank\ncommunication: {compression: \(codec)}")
            }
        }
        for codec in ["float32", "bfloat16", "int8-block"] {
            #expect(throws: Never.self) {
                try run("synchronization: low-rank\ncommunication: {compression: \(codec)}")
            }
        }
    }
}
