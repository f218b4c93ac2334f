import Coordination
import Foundation
import Hummingbird
import TestSupport
import Testing

@testable import CoordinatorServer

@Suite("Recovery from the journal")
struct JournalRecoveryTests {
    @Test("Wherever the machine stops, the journal gives the state that was answered for")
    func everyWritePoint() async throws {
        let bench = try Bench()
        let application = try await bench.open()
        let states = States()
        try await bench.serve(application) { client in
            var worker = try FakeWorker(1, client)
            var instruction = try await worker.join(wait: 0)
            for number in 0..<40 {
                let state = await application.coordinator.state
                await states.add(state, try bench.crashImage(number))
                guard let next = try await worker.follow(instruction, wait: 0) else { return }
                instruction = next
            }
        }
        let all = await states.all
        #expect(all.count > 10)
        for (state, folder) in all {
            let (journal, _, recovered) = try Journal.open(folder.journal)
            #expect(recovered == state)
            try journal.close()
        }
    }

    /// Collects states with what the disk held then.
    private actor States {
        var all: [(RunState, RunFolder)] = []
        func add(_ state: RunState, _ folder: RunFolder) { all.append((state, folder)) }
    }

    @Test("After a restart living members have their grace, and the run goes on")
    func restart() async throws {
        let bench = try Bench()
        let image: RunFolder
        do {
            let application = try await bench.open()
            let coordinator = application.coordinator
            try await coordinator.join(Bench.facts(1, holds: StateMark(generation: 0, samples: 0)))
            image = try bench.crashImage(0)
        }
        bench.time.pass(3_600_000)
        let application = try await bench.open(image)
        try await application.coordinator.tick()
        let grace = application.coordinator.facts.plan.timing.restartGrace
        bench.time.pass(grace)
        try await application.coordinator.tick()
        #expect(await application.coordinator.state.members.count == 1)
        bench.time.pass(5_000)
        try await application.coordinator.tick()
        #expect(await application.coordinator.state.members.isEmpty)
    }

    @Test("A worker that is in the middle of everything does not notice a restart but for its grace")
    func midRound() async throws {
        let bench = try Bench()
        var folder = bench.folder
        var worker: FakeWorker?
        var instruction: Instruction?
        for life in 0..<30 {
            let application = try await bench.open(folder)
            let box = Box(worker, instruction)
            try await bench.serve(application) { client in
                var worker = try await box.worker(client)
                let begun = try await box.instruction(&worker)
                let next = try await worker.follow(begun, wait: 0)
                await box.keep(worker, next)
            }
            (worker, instruction) = await box.parts
            if instruction == nil {
                #expect(worker?.counted == [0..<16, 16..<32, 32..<48, 48..<64])
                #expect(await application.coordinator.state.isFinished)
                return
            }
            folder = try bench.crashImage(life, of: folder)
        }
        Issue.record("the run does not end")
    }

    /// Carries a worker from one life of the coordinator to the next.
    private actor Box {
        private var worker: FakeWorker?
        private var next: Instruction?

        init(_ worker: FakeWorker?, _ next: Instruction?) {
            self.worker = worker
            self.next = next
        }

        func worker(_ client: APIClient) throws -> FakeWorker {
            guard var worker else { return try FakeWorker(1, client) }
            worker.client = client
            return worker
        }

        func instruction(_ worker: inout FakeWorker) async throws -> Instruction {
            if let next { return next }
            return try await worker.join(wait: 0)
        }

        func keep(_ worker: FakeWorker, _ next: Instruction?) {
            self.worker = worker
            self.next = next
        }

        var parts: (FakeWorker?, Instruction?) { (worker, next) }
    }

    @Test("A folder that is served cannot be opened a second time")
    func inUse() async throws {
        let bench = try Bench()
        let application = try await bench.open()
        do {
            _ = try await bench.open()
            Issue.record("it was opened twice")
        } catch {
            #expect(
                "\(error)"
                    == "The run directory '\(bench.folder.path)' is in use by another process; stop that one first."
            )
        }
        #expect(await application.coordinator.state.mark.samples == 0)
    }

    @Test("A folder that is no run is refused")
    func notARun() async throws {
        let bench = try Bench()
        let other = RunFolder(bench.directory.file("elsewhere"))
        await #expect(throws: CoordinatorError.self) { try await bench.open(other) }
    }

    @Test("Snapshots shorten the replay and change nothing")
    func snapshots() async throws {
        let bench = try Bench(Bench.yaml.replacingOccurrences(of: "length: 64", with: "length: 8192"))
        let live: RunState
        do {
            let coordinator = try await Coordinator(
                opening: bench.folder,
                time: bench.time,
                logger: Bench.logger,
                snapshotEvery: 16
            )
            let peer = try Bench.peer(1)
            let zero = StateMark(generation: 0, samples: 0)
            try await coordinator.join(Bench.facts(1, holds: zero))
            for _ in 0..<60 { try await step(peer, coordinator) }
            live = await coordinator.state
        }
        let (journal, _, recovered) = try Journal.open(bench.folder.journal)
        #expect(recovered == live)
        #expect(try journal.snapshotID() > 40)
        #expect(try journal.rounds().map(\.samples) == stride(from: 16, through: live.mark.samples, by: 16).map { $0 })
    }

    /// One command of a member that does what it is told.
    private func step(_ peer: PeerID, _ coordinator: Coordinator) async throws {
        let mark = await coordinator.state.mark
        switch try await coordinator.instruction(for: peer, holding: mark, wait: 0) {
        case .lease(let lease):
            try await coordinator.submit(.complete(peer: peer, lease: lease.id, loss: 1, withdrawn: false))
        case .exchange(let exchange):
            let mean = try digest(of: Array("\(exchange.round)".utf8))
            try await coordinator.submit(
                .report(peer: peer, round: exchange.round, attempt: exchange.attempt, outcome: .agreed(mean))
            )
        default: Issue.record("neither lease nor exchange")
        }
    }

    @Test("A roll back takes the lines after it out of run.jsonl and the curve")
    func rollBack() async throws {
        let bench = try Bench()
        let application = try await bench.open()
        let coordinator = application.coordinator
        try await bench.serve(application) { client in
            var worker = try FakeWorker(1, client)
            var instruction = try await worker.join(wait: 0)
            while await coordinator.state.mark.samples < 48 {
                instruction = try #require(try await worker.follow(instruction, wait: 0))
            }
            for samples in [16, 48] {
                let line = Array(#"{"samples":\#(samples)}"#.utf8)
                #expect(try await client.send(.post, "/v1/reports?peer=\(worker.peer)", line).status == 200)
            }
            try await coordinator.submit(.lose(peer: worker.peer, reason: "test"))
            _ = try await client.join(Bench.peer(2))
        }
        #expect(await coordinator.state.mark == StateMark(generation: 1, samples: 32))
        #expect(try String(contentsOfFile: bench.folder.reports, encoding: .utf8) == "{\"samples\":16}\n")
        #expect(await coordinator.status().history.map(\.samples) == [16, 32])
    }
}

extension Bench {
    func crashImage(_ number: Int, of folder: RunFolder) throws -> RunFolder {
        let copy = directory.file("life-\(number)")
        try FileManager.default.copyItem(atPath: folder.path, toPath: copy)
        return RunFolder(copy)
    }
}
