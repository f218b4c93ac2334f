import Buffers
import Communication
import Foundation
import TestSupport
import Testing

@testable import Training

/// A group of one that measured something.
private final class Measured: Communicator {
    let (rank, size) = (0, 1)
    private(set) var counts: [Int] = []
    private let single = SingleCommunicator()

    static let choice = ExchangeChoice(
        ExchangeWay(path: .network, bucket: 1 << 20),
        trialBytes: 2 << 20,
        trials: [.init(ExchangeWay(path: .network, bucket: 1 << 20), seconds: 0.25)]
    )

    func startMean(
        of buffer: FlatBuffer,
        weight: Float,
        round: UInt64
    ) throws(CommunicationError) -> any PendingMean {
        try single.startMean(of: buffer, weight: weight, round: round)
    }

    func broadcast(_ buffer: FlatBuffer, from root: Int) throws(CommunicationError) {}

    func broadcast(_ bytes: [UInt8], from root: Int) throws(CommunicationError) -> [UInt8] { bytes }

    func barrier() throws(CommunicationError) {}

    func chooseExchange(count: Int) throws(CommunicationError) -> ExchangeChoice? {
        counts.append(count)
        return Self.choice
    }
}

@Suite("The way of means in the log of a run")
struct ExchangeEventTests {
    private func lines(_ group: any Communicator, at samples: UInt64 = 24) throws -> (lines: [LogLine], text: String) {
        let directory = try TestDirectory()
        let config = try TinyRun.config(length: samples)
        let path = directory.path + "/run.jsonl"
        let log = try JSONLinesLog(path: path, every: 12)
        let trainer = try Trainer(Recipe(config), communicator: group)
        let work = ScheduledWork(group, batch: 12, from: trainer.state.progress, until: StopSignal())
        let run = TrainingRun(trainer, in: nil, with: group, observers: [log])
        #expect(try run.run(work))
        let text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
        return (try RunLog.read(path), text)
    }

    @Test("is one event before the first step, with every way that was measured")
    func event() throws {
        let group = Measured()
        let (lines, text) = try lines(group)
        #expect(group.counts == [try Recipe(TinyRun.config()).layout.count])
        #expect(lines.first?.type == "exchange" && lines.count { $0.type == "exchange" } == 1)
        #expect(lines.first?.exchange == Measured.choice && lines.first?.samples == 0)
        let expected =
            #""exchange":{"bucket":1048576,"path":"network","trial_bytes":2097152,"#
            + #""trials":[{"bucket":1048576,"path":"network","seconds":0.25}]}"#
        #expect(text.hasPrefix("{" + expected))
    }

    @Test("is not there for one process")
    func alone() throws {
        #expect(try !lines(SingleCommunicator()).lines.contains { $0.type == "exchange" })
    }
}
