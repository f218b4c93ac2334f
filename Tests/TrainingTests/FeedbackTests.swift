import Buffers
import Checkpoints
import Communication
import Configs
import TestSupport
import Testing

@testable import Training

@Suite("Error feedback in a run")
struct FeedbackTests {
    private static func config(_ codec: (any Compression)?, length: UInt64 = 96, batch: Int = 12) throws -> RunConfig {
        var config = try TinyRun.config(length: length, batch: batch, micro: 16)
        guard let codec else { return config }
        (config.communication.compression, config.communication.feedback) = (codec, true)
        try config.validate()
        return config
    }

    private static let codecs: [any Compression] = [OneBitCompression(), TopKCompression(kept: 128)]

    private static func trainer(_ config: RunConfig, _ group: any Communicator, from path: String?) throws -> Trainer {
        let trainer = try Trainer(Recipe(config), communicator: group)
        if let path {
            var reader = try #require(try CheckpointStore(directory: path).newestValid().reader)
            reader.rank = group.rank
            try trainer.restore(reader)
        }
        return trainer
    }

    @Test("ranks that are stopped and started again go on to the same bits", arguments: [0, 1])
    func resumes(index: Int) async throws {
        let config = try Self.config(Self.codecs[index])
        let directory = try TestDirectory()
        let path = directory.path
        let whole = try await Ranks.run(2) { group in
            let trainer = try Self.trainer(config, group, from: nil)
            try TinyRun.take(3, with: trainer, in: group)
            _ = try trainer.save(in: group.rank == 0 ? CheckpointStore(directory: path) : nil, with: group)
            let residual = try #require(trainer.feedback).residual.floats
            try TinyRun.take(5, with: trainer, in: group)
            return (trainer.state.parameters.floats, residual)
        }
        let resumed = try await Ranks.run(2) { group in
            let trainer = try Self.trainer(config, group, from: path)
            let residual = try #require(trainer.feedback).residual.floats
            try TinyRun.take(5, with: trainer, in: group)
            return (trainer.state.parameters.floats, residual)
        }
        for rank in 0..<2 {
            #expect(resumed[rank].0 == whole[0].0 && resumed[rank].1 == whole[rank].1)
            #expect(whole[rank].1.contains { $0 != 0 })
        }
        #expect(whole[0].1 != whole[1].1)
    }

    @Test("a state that is handed to others holds no residual, and whoever takes it over starts with none")
    func handedOver() throws {
        let config = try Self.config(Self.codecs[1])
        let trainer = try Self.trainer(config, SingleCommunicator(), from: nil)
        try TinyRun.take(2, with: trainer)
        let directory = try TestDirectory()
        _ = try trainer.save(in: CheckpointStore(directory: directory.path))
        #expect(try !directory.names("000000000024").contains { $0.hasPrefix("feedback") })
        #expect(try #require(trainer.feedback).residual.floats.contains { $0 != 0 })
        let reader = try #require(try CheckpointStore(directory: directory.path).newestValid().reader)
        try trainer.restore(reader)
        #expect(try #require(trainer.feedback).residual.floats.allSatisfy { $0 == 0 })
    }

    @Test("starting over forgets the residual")
    func startsOver() throws {
        let trainer = try Self.trainer(Self.config(Self.codecs[0]), SingleCommunicator(), from: nil)
        try TinyRun.take(2, with: trainer)
        trainer.startOver()
        #expect(try #require(trainer.feedback).residual.floats.allSatisfy { $0 == 0 })
    }

    @Test("two workers learn the digits about as well with a few bits as with all", arguments: [0, 1])
    func learns(index: Int) async throws {
        func loss(_ codec: (any Compression)?) async throws -> (first: Double, last: Double) {
            var config = try Self.config(codec, length: 32 * 192, batch: 32)
            config.averages = []
            let run = config
            let losses = try await GroupRun.each(2) { member in
                let trainer = try Trainer(Recipe(run), communicator: member)
                return try GroupRun.take(192, with: trainer, member).map(\.loss)
            }
            let (first, last) = (losses.map { $0.prefix(8) }.joined(), losses.map { $0.suffix(32) }.joined())
            return (first.reduce(0, +) / 16, last.reduce(0, +) / 64)
        }
        let (few, all) = (try await loss(Self.codecs[index]), try await loss(nil))
        #expect(few.last < 1.12 * all.last, "\(few.last) against \(all.last)")
        #expect(few.last < 0.65 * few.first, "\(few.first) at first, \(few.last) in the end")
    }

    @Test("works with strategies that share parameters in parts, and with outer steps", arguments: [0, 1])
    func strategies(index: Int) async throws {
        var config = try Self.config(Self.codecs[index])
        for strategy in [Sharded(), DiLoCo()] as [any SyncStrategy] {
            config.synchronization = strategy
            try config.validate()
            let run = config
            let ends = try await Ranks.run(2) { group in
                let trainer = try Self.trainer(run, group, from: nil)
                try TinyRun.take(8, with: trainer, in: group)
                return trainer.state.parameters.floats
            }
            #expect(ends[0] == ends[1] && ends[0].allSatisfy(\.isFinite))
        }
    }

    @Test("is refused with codecs that do not tell what they drop, with parameters, and for heavy peers")
    func refusals() throws {
        func run(_ lines: String) throws -> RunConfig { try RunConfig(parsing: lines, file: "run.yaml") }
        for codec in ["float32", "bfloat16", "int8-block", "ternary", "sparse-8"] {
            #expect(throws: ConfigError.self) { try run("communication: {compression: \(codec), feedback: true}") }
        }
        for codec in ["one-bit", "top-k"] {
            let text = "communication: {compression: \(codec), feedback: true}"
            #expect(throws: ConfigError.self) { try run(text + "\nsynchronization: local-steps") }
            #expect(throws: Never.self) { try run(text).validateForVolunteers() }
            let error = #expect(throws: ConfigError.self) { try run(text).validateForHeavyPeers() }
            #expect(error?.description.contains("feedback: true") == true)
            #expect(throws: Never.self) {
                try run("communication: {compression: \(codec)}").validateForHeavyPeers()
            }
            for decay in ["-0.1", "1.1"] {
                #expect(throws: ConfigError.self) {
                    try run("communication: {compression: \(codec), feedback: true, feedback_decay: \(decay)}")
                }
            }
        }
        #expect(throws: ConfigError.self) {
            try run("communication: {compression: top-k}\nsynchronization: local-steps")
        }
    }
}
