import Communication
import Foundation
import Testing

@testable import MPICommunication

@Suite("Trying the ways of means")
struct ExchangeTrialsTests {
    /// A mean that was tried.
    private struct Try: Equatable {
        var way: ExchangeWay
        var count: Int
    }

    private static let mebi = 1 << 20

    private func trials(
        _ paths: [ExchangePath] = [.memory, .network],
        bucket: Int? = nil,
        count: Int = 10 << 20
    ) -> ExchangeTrials {
        ExchangeTrials(paths: paths, bucket: bucket, count: count)
    }

    /// What is chosen if means take these seconds, with what was tried.
    private func choose(
        _ trials: ExchangeTrials,
        _ seconds: (ExchangeWay, Int) -> Double
    ) throws -> (choice: ExchangeChoice, tried: [Try]) {
        var tried: [Try] = []
        let choice = try trials.run { way, count throws(CommunicationError) in
            tried.append(Try(way: way, count: count))
            return seconds(way, count)
        }
        return (choice, tried)
    }

    @Test("takes the faster path, then its fastest bucket")
    func fastest() throws {
        let (choice, tried) = try choose(trials()) { way, count in
            guard way.path == .memory else { return 3.4e-3 }
            guard count > ExchangeTrials.probeCount else { return 1e-4 }
            return way.bucket == Self.mebi ? 1.2e-3 : 2e-3
        }
        #expect(choice.way == ExchangeWay(path: .memory, bucket: Self.mebi))
        // The slower path takes 3.4 ms for 64 Ki values, so 30 ms are enough for 30 / 3.4 as many, in whole grains of 4 Ki.
        #expect(choice.trialBytes == 141 * 4096 * 4)
        #expect(
            choice.trials == [
                .init(ExchangeWay(path: .memory, bucket: 4 << 20), seconds: 2e-3),
                .init(ExchangeWay(path: .network, bucket: 4 << 20), seconds: 3.4e-3),
                .init(ExchangeWay(path: .memory, bucket: Self.mebi), seconds: 1.2e-3),
                .init(ExchangeWay(path: .memory, bucket: 256 << 10), seconds: 2e-3),
            ]
        )
        #expect(tried.prefix(4).allSatisfy { $0.count == ExchangeTrials.probeCount })
        #expect(tried.dropFirst(4).allSatisfy { $0.count == 141 * 4096 })
    }

    @Test("goes by messages where these are clearly faster")
    func messages() throws {
        let (choice, tried) = try choose(trials()) { way, _ in way.path == .network ? 1e-3 : 2e-3 }
        #expect(choice.way == ExchangeWay(path: .network, bucket: 4 << 20))
        #expect(tried.allSatisfy { $0.way.path == .network || $0.way.bucket == 4 << 20 })
    }

    @Test("stays with the usual way if others are faster by no more than noise")
    func noise() throws {
        let usual = ExchangeWay(path: .memory, bucket: 4 << 20)
        #expect(try choose(trials()) { way, _ in way == usual ? 1e-3 : 0.92e-3 }.choice.way == usual)
    }

    @Test("lets ways take turns, and counts the shortest of five means")
    func turns() throws {
        var calls = 0
        let (choice, tried) = try choose(trials(bucket: Self.mebi)) { way, _ in
            calls += 1
            return way.path == .network ? 2e-3 : calls == 9 ? 1e-3 : 3e-3
        }
        #expect(tried.count == 4 + 10)
        #expect(tried.dropFirst(4).map(\.way.path) == (0..<10).map { $0.isMultiple(of: 2) ? .memory : .network })
        #expect(choice.way == ExchangeWay(path: .memory, bucket: Self.mebi))
        #expect(choice.trials.map(\.seconds) == [1e-3, 2e-3])
    }

    @Test("tries small means, each path a few times, where the network is slow")
    func slow() throws {
        // 10 Mbit/s: 64 Ki values take 0.2 s.
        let (choice, tried) = try choose(trials()) { way, count in
            Double(count) * (way.path == .memory ? 3e-6 : 4e-6)
        }
        #expect(tried.allSatisfy { $0.count == ExchangeTrials.probeCount } && tried.count == 6)
        #expect(choice.way == ExchangeWay(path: .memory, bucket: 4 << 20))
        #expect(choice.trialBytes == ExchangeTrials.probeCount * 4)
    }

    @Test(
        "takes about a second at most, and no more values than the means to come or 16 MiB",
        arguments: [1e-11, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6],
        [100, 726_160, 10 << 20]
    )
    func bounded(secondsPerValue: Double, count: Int) throws {
        var spent = 0.0
        let (choice, tried) = try choose(trials(count: count)) { _, count in
            let seconds = 1e-4 + Double(count) * secondsPerValue
            spent += seconds
            return seconds
        }
        #expect(tried.allSatisfy { $0.count <= min(count, ExchangeTrials.largestCount) && $0.count > 0 })
        #expect(spent < 1 && choice.way == ExchangeWay(path: .memory, bucket: 4 << 20))
    }

    @Test("measures the bucket alone where there is one path, and not at all where that is settled too")
    func partlyForced() throws {
        let (choice, tried) = try choose(trials([.network])) { way, _ in way.bucket == 256 << 10 ? 1e-3 : 2e-3 }
        #expect(choice.way == ExchangeWay(path: .network, bucket: 256 << 10))
        #expect(tried.allSatisfy { $0.way.path == .network } && choice.trials.count == 3)
    }

    @Test("takes what is forced without a mean", arguments: [ExchangePath.memory, .network])
    func forced(path: ExchangePath) throws {
        let (choice, tried) = try choose(trials([path], bucket: 768 << 10)) { _, _ in 1 }
        #expect(choice == ExchangeChoice(ExchangeWay(path: path, bucket: 768 << 10)) && tried.isEmpty)
    }

    @Test("does not try buckets that cut the values of a small network alike")
    func small() throws {
        let (choice, tried) = try choose(trials(count: 1000)) { _, _ in 1e-3 }
        #expect(Set(tried.map(\.way.bucket)) == [4 << 20] && choice.trialBytes == 4000)
        #expect(try choose(trials([.memory], count: 1000)) { _, _ in 1 }.tried.isEmpty)
    }

    @Test("ends the same on all ranks, whatever their own clocks say", arguments: [2, 3, 4])
    func agreement(size: Int) async throws {
        let group = LocalGroup(size: size)
        let choices = try await withThrowingTaskGroup(of: ExchangeChoice.self) { tasks in
            for rank in 0..<size { tasks.addTask { try await Self.choose(group, rank: rank) } }
            return try await tasks.reduce(into: []) { $0.append($1) }
        }
        #expect(choices.allSatisfy { $0 == choices[0] } && choices.count == size)
        #expect(choices[0].way.path == .memory && choices[0].trials[0].seconds == 2e-3)
    }
}

extension ExchangeTrialsTests {
    // The members of a group block each other, so each needs a thread of its own.
    private static func choose(_ group: LocalGroup, rank: Int) async throws -> ExchangeChoice {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(
                    with: Result {
                        let member = group.member(rank)
                        let trials = ExchangeTrials(paths: [.memory, .network], bucket: nil, count: 10 << 20)
                        // Each rank would choose another way by its own times; the slowest rank's decide.
                        return try trials.run { way, _ throws(CommunicationError) in
                            let isOwn = (way.path == .memory) == rank.isMultiple(of: 2)
                            return try member.slowest(isOwn ? 1e-3 : way.path == .memory ? 2e-3 : 4e-3)
                        }
                    }
                )
            }
        }
    }
}
