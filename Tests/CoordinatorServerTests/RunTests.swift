import Foundation
import Testing

@testable import Coordination
@testable import CoordinatorServer

@Suite("A run over the API")
struct RunTests {
    @Test("One worker trains a run to its end, and its last state lies in a folder")
    func alone() async throws {
        let bench = try Bench()
        let application = try await bench.open()
        try await bench.serve(application) { client in
            var worker = try FakeWorker(1, client)
            try await worker.live()
            #expect(worker.seen.filter { $0 == "commit" }.count == 4)
            #expect(worker.counted == [0..<16, 16..<32, 32..<48, 48..<64])
        }
        let state = await application.coordinator.state
        #expect(state.isFinished && state.members.isEmpty)
        #expect(FileManager.default.fileExists(atPath: bench.folder.checkpoint(64) + "/manifest.json"))
        #expect(state.checkpoints.map(\.mark.samples) == [32, 64])
    }

    @Test("Two workers count every sample once, and a third that comes late loads the state")
    func three() async throws {
        let bench = try Bench(Bench.yaml.replacingOccurrences(of: "length: 64 samples", with: "length: 1024 samples"))
        let application = try await bench.open()
        try await bench.serve(application) { client in
            let counted = try await withThrowingTaskGroup(of: FakeWorker.self) { group in
                for number in 1...3 {
                    group.addTask {
                        var worker = try FakeWorker(number, client)
                        if number == 3 { try await Self.untilSamples(256, application.coordinator) }
                        try await worker.live()
                        return worker
                    }
                }
                var ranges: [Range<UInt64>] = []
                for try await worker in group {
                    ranges += worker.counted
                    if worker.peer == (try Bench.peer(3)) { #expect(worker.seen.contains("load")) }
                }
                return ranges.sorted { $0.lowerBound < $1.lowerBound }
            }
            var next: UInt64 = 0
            for range in counted {
                #expect(range.lowerBound == next)
                next = range.upperBound
            }
            #expect(next == 1024)
        }
        #expect(await application.coordinator.state.violations == [])
    }

    /// Returns when that many samples count.
    private static func untilSamples(_ samples: UInt64, _ coordinator: Coordinator) async throws {
        if await coordinator.state.mark.samples >= samples { return }
        for await event in await coordinator.events() {
            if case .committed(let commit) = event, commit.after.samples >= samples { return }
        }
    }

    @Test("A worker that waits is answered as soon as there is something to do")
    func longPoll() async throws {
        let bench = try Bench()
        let application = try await bench.open()
        try await bench.serve(application) { client in
            var first = try FakeWorker(1, client)
            var second = try FakeWorker(2, client)
            var instruction = try await first.join(wait: 0)
            while case .startFromSeed = instruction {
                instruction = try #require(try await first.follow(instruction, wait: 0))
            }
            var waiting = try await second.join(wait: 0)
            waiting = try #require(try await second.follow(waiting, wait: 0))
            #expect(waiting == .wait(WaitInstruction(reason: "others are computing")))
            let begun = ContinuousClock.now
            let (peer, holds) = (second.peer, second.holds)
            async let answer = client.work(peer, holds: holds, wait: 10)
            _ = try await first.follow(instruction, wait: 0)
            guard case .exchange(let exchange) = try await answer else {
                Issue.record("no exchange")
                return
            }
            #expect(ContinuousClock.now - begun < .seconds(5))
            #expect(exchange.members.count == 2 && exchange.key.count == 64)
        }
    }

    @Test("A hundred workers that wait are all answered by one decision")
    func manyWaiters() async throws {
        let bench = try Bench()
        let coordinator = try await bench.open().coordinator
        let zero = StateMark(generation: 0, samples: 0)
        try await withThrowingTaskGroup { group in
            for number in 1...100 {
                group.addTask { try await coordinator.join(Bench.facts(number, holds: zero)) }
            }
            try await group.waitForAll()
        }
        let leased = await coordinator.state.round?.pieces.first
        guard case .leased(let lease) = leased?.status else {
            Issue.record("no lease")
            return
        }
        let answers = try await withThrowingTaskGroup(of: Instruction.self) { group in
            for number in 1...100 where (try Bench.peer(number)) != lease.peer {
                group.addTask {
                    try await coordinator.instruction(for: try Bench.peer(number), holding: zero, wait: 10)
                }
            }
            try await coordinator.submit(.complete(peer: lease.peer, lease: lease.id, loss: 1, withdrawn: false))
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let exchanges = answers.filter { if case .exchange = $0 { true } else { false } }
        #expect(exchanges.count == 99)
    }

    @Test("Closing answers those who wait")
    func closing() async throws {
        let bench = try Bench()
        let coordinator = try await bench.open().coordinator
        let zero = StateMark(generation: 0, samples: 0)
        for number in 1...2 {
            try await coordinator.join(Bench.facts(number, holds: zero))
        }
        let begun = ContinuousClock.now
        async let answer = coordinator.instruction(for: try Bench.peer(2), holding: zero, wait: 10)
        await coordinator.close()
        _ = try await answer
        #expect(ContinuousClock.now - begun < .seconds(5))
    }
}
