import Buffers
import Checkpoints
import Communication
import Coordination
import Foundation
import TensorFiles
import TestSupport
import Testing
import Training

@testable import Worker

@Suite("The ranks of a cluster as one trainer", .timeLimit(.minutes(5)))
struct ClusterTrainerTests {
    /// What the ranks hold at the end and what rank 0 answers.
    private struct Ending<Answer: Sendable>: Sendable {
        var parameters: [[Float]]
        var answer: Answer
    }

    private let directory: TestDirectory

    init() throws { directory = try TestDirectory() }

    /// Leads `size` ranks on threads of this process.
    private func lead<Answer: Sendable>(
        _ size: Int,
        outside: @escaping @Sendable () -> any Communicator = { SingleCommunicator() },
        _ body: @escaping @Sendable (ClusterTrainer) throws -> Answer
    ) async throws -> Ending<Answer> {
        let group = LocalGroup(size: size)
        let cache = directory.path
        let followers = (1..<size).map { rank in
            Task {
                try await TrainerThread.run {
                    try ComputeScope.run(threads: 1) { () throws -> [Float] in
                        let member = group.member(rank)
                        let follower = ClusterFollower(ClusterLink(group: member), cache: cache)
                        #expect(try follower.run() == 0)
                        return follower.trainer?.state.parameters.floats ?? []
                    }
                }
            }
        }
        let (own, answer) = try await TrainerThread.run {
            try ComputeScope.run(threads: 1) { () throws -> ([Float], Answer) in
                let link = ClusterLink(group: group.member(0))
                let trainer = try ClusterTrainer(
                    Scene.yaml(length: 96),
                    folder: "run",
                    cache: cache,
                    dataset: nil,
                    link,
                    outside: outside()
                )
                let answer = try body(trainer)
                try link.tell(.finish(code: 0))
                return (trainer.state.parameters.floats, answer)
            }
        }
        var parameters = [own]
        for follower in followers { parameters.append(try await follower.value) }
        return Ending(parameters: parameters, answer: answer)
    }

    /// Steps whose 12 samples are leased in two parts; the losses of the parts.
    private static func take(_ steps: Range<UInt64>, _ trainer: any RoundTrainer) throws -> [Double] {
        var losses: [Double] = []
        for step in steps {
            let first = step * 12
            try trainer.begin()
            losses.append(try trainer.accumulate(first..<first + 7))
            losses.append(try trainer.accumulate(first + 7..<first + 12))
            let mean = try trainer.exchange()
            #expect(mean.isComplete && mean.totalWeight == 12)
            _ = try trainer.apply(mean, globalSampleCount: 12)
        }
        return losses
    }

    /// How far apart parameters are, but for the bias of the attention's keys, which rounding alone moves.
    private static func distance(_ found: [Float], _ expected: [Float], _ layout: ParameterLayout) throws -> Double {
        let bias = try #require(layout["blocks.0.attn.qkv.bias"]).range
        let third = bias.count / 3
        let keys = bias.dropFirst(third).prefix(third)
        var (difference, norm) = (0.0, 0.0)
        for index in expected.indices where !keys.contains(index) {
            difference += pow(Double(found[index]) - Double(expected[index]), 2)
            norm += pow(Double(expected[index]), 2)
        }
        return (difference / norm).squareRoot()
    }

    @Test("computes what one trainer computes, with the same bits on all ranks", arguments: [1, 2, 3])
    func sameAsAlone(size: Int) async throws {
        let ending = try await lead(size) { try Self.take(0..<3, $0) }
        try ComputeScope.run(threads: 1) {
            let alone = try Trainer.make(Scene.yaml(length: 96), dataset: nil, SingleCommunicator())
            let losses = try Self.take(0..<3, alone)
            for (found, expected) in zip(ending.answer, losses) { #expect(abs(found - expected) < 1e-6 * expected) }
            let expected = alone.state.parameters.floats
            // Sums in another order, and a mean's product and quotient of one weight, differ by some 1e-7 a step.
            #expect(try Self.distance(ending.parameters[0], expected, alone.recipe.layout) < 1e-6)
        }
        for parameters in ending.parameters { #expect(parameters == ending.parameters[0]) }
    }

    @Test("reports the losses of all ranks, and their parts", arguments: [2, 3])
    func losses(size: Int) async throws {
        let found = try await lead(size) { try Self.reports(0..<8, $0) }.answer
        let expected = try ComputeScope.run(threads: 1) {
            try Self.reports(0..<8, Trainer.make(Scene.yaml(length: 96), dataset: nil, SingleCommunicator()))
        }
        // Reports are due at the start and at the end of so short a run.
        #expect(found.map(\.steps) == [1, 0, 0, 0, 0, 0, 0, 7])
        let mean = expected.dropFirst().reduce(0) { $0 + $1.loss } / 7
        for (found, expected, loss) in [(found[0], expected[0], expected[0].loss), (found[7], expected[7], mean)] {
            // Rounding of some 1e-7 is passed on from step to step.
            #expect(abs(found.loss - loss) < 1e-4 * loss)
            #expect(found.parts.keys.sorted() == expected.parts.keys.sorted() && found.parts["error"] != nil)
            for (name, mean) in expected.parts {
                #expect(abs((found.parts[name] ?? 0) - mean) < 1e-4 * mean, "\(name)")
            }
        }
    }

    private static func reports(_ steps: Range<UInt64>, _ trainer: any RoundTrainer) throws -> [StepReport] {
        try steps.map { step in
            try trainer.begin()
            _ = try trainer.accumulate(step * 12..<step * 12 + 7)
            _ = try trainer.accumulate(step * 12 + 7..<step * 12 + 12)
            return try trainer.apply(trainer.exchange(), globalSampleCount: 12)
        }
    }

    @Test("withdraws a lease whole if one rank's gradient is not finite")
    func notFinite() async throws {
        let ending = try await lead(2) { trainer -> [Double] in
            let kept = FlatBuffer(copying: trainer.state.parameters)
            trainer.state.parameters.fill(.nan)
            try trainer.begin()
            let broken = try trainer.accumulate(0..<12)
            trainer.state.parameters.copy(from: kept)
            try trainer.begin()
            return [broken, try trainer.accumulate(0..<12)]
        }
        #expect(ending.answer[0].isNaN && ending.answer[1].isFinite)
    }

    @Test("takes over a checkpoint that only rank 0 has, and starts over")
    func restores() async throws {
        let place = directory.file("store")
        let ending = try await lead(3) { trainer -> [[Float]] in
            _ = try Self.take(0..<2, trainer)
            let saved = trainer.state.parameters.floats
            let checkpoint = try trainer.save(in: CheckpointStore(directory: place))
            let folder = "\(place)/\(checkpoint)"
            _ = try Self.take(2..<3, trainer)
            try trainer.restore(Self.files(folder), in: folder)
            let restored = trainer.state.parameters.floats
            try trainer.startOver()
            _ = try Self.take(0..<2, trainer)
            return [saved, restored]
        }
        #expect(ending.answer[0] == ending.answer[1])
        for parameters in ending.parameters { #expect(parameters == ending.answer[0]) }
        let remains = try directory.names(".").filter { $0.hasPrefix("rank-") }
        #expect(remains.isEmpty)
    }

    private static func files(_ folder: String) throws -> [Coordination.CheckpointFile] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted().map { name in
            let bytes = [UInt8](try Data(contentsOf: URL(filePath: "\(folder)/\(name)")))
            let digest = try #require(ContentDigest(rawValue: Digest(of: bytes).description))
            return Coordination.CheckpointFile(name: name, digest: digest, bytes: UInt64(bytes.count))
        }
    }

    @Test("goes on after an exchange that rank 0 could not make")
    func failure() async throws {
        let ending = try await lead(2, outside: { BrokenOnce() }) { trainer -> Bool in
            try trainer.begin()
            _ = try trainer.accumulate(0..<12)
            #expect(throws: TrainingError.self) { try trainer.exchange() }
            _ = try Self.take(0..<2, trainer)
            return true
        }
        #expect(ending.parameters[0] == ending.parameters[1])
        let undisturbed = try await lead(2) { try Self.take(0..<2, $0) }
        #expect(ending.parameters[0] == undisturbed.parameters[0])
    }

    @Test("sends files in pieces to ranks that lack them, and none that are right already")
    func files() async throws {
        let group = LocalGroup(size: 2)
        let root = directory.path
        let bytes = (0..<(17 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try FileManager.default.createDirectory(atPath: root + "/0", withIntermediateDirectories: true)
        try directory.write(bytes, to: "0/shard")
        let digest = try #require(ContentDigest(rawValue: Digest(of: bytes).description))
        let file = Coordination.CheckpointFile(name: "shard", digest: digest, bytes: UInt64(bytes.count))
        let follower = Task {
            try await TrainerThread.run {
                let store = ClusterFiles(group.member(1), in: root + "/1")
                for _ in 0..<2 { try store.share(file) }
            }
        }
        try await TrainerThread.run {
            let store = ClusterFiles(group.member(0), in: root + "/0")
            for _ in 0..<2 { try store.share(file) }
        }
        try await follower.value
        #expect(try directory.read("1/shard") == bytes)
        #expect(try directory.names("1") == ["shard"])
    }
}

/// A group outside of one that fails at the first mean.
private final class BrokenOnce: Communicator {
    let rank = 0
    let size = 1
    private var isBroken = true

    func startMean(
        of buffer: FlatBuffer,
        weight: Float,
        round: UInt64
    ) throws(CommunicationError) -> any PendingMean {
        guard !isBroken else {
            isBroken = false
            throw .authority(reason: "it is away")
        }
        return try SingleCommunicator().startMean(of: buffer, weight: weight, round: round)
    }

    func broadcast(_ buffer: FlatBuffer, from root: Int) throws(CommunicationError) {}
    func broadcast(_ bytes: [UInt8], from root: Int) throws(CommunicationError) -> [UInt8] { bytes }
    func barrier() throws(CommunicationError) {}
}
