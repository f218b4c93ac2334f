import Coordination
import Foundation
import Testing

@testable import CoordinatorServer

@Suite("What is shown")
struct DisplayTests {
    private func row(_ number: UInt64) -> RoundRow {
        RoundRow(
            samples: number * 10,
            at: Timestamp(milliseconds: Int64(number) * 100),
            loss: 1 / Double(max(1, number))
        )
    }

    @Test("A long history is thinned out and keeps its newest round")
    func thinning() {
        var history = History([], start: Timestamp(milliseconds: 0))
        #expect(history.points.isEmpty && history.rate == nil)
        for number in 1...20_000 { history.add(row(UInt64(number))) }
        #expect(history.points.count <= 512)
        #expect(history.points.last?.samples == 200_000)
        #expect(history.points.map(\.samples) == history.points.map(\.samples).sorted())
        #expect(history.rate == 100)
        history.truncate(after: 100_000)
        #expect((history.points.last?.samples ?? 0) <= 100_000)
    }

    @Test("Metrics are text that Prometheus reads")
    func metrics() throws {
        var status = StatusReply(try RunState(plan: RunPlan(name: "x", length: 100, globalBatch: 10)), workers: [])
        status.imagesPerSecond = 2.5
        let text = PrometheusText(status).text
        #expect(text.contains("# TYPE difftrain_run_samples gauge\ndifftrain_run_samples 0\n"))
        #expect(text.contains("difftrain_run_samples_per_second 2.5\n"))
        #expect(!text.contains("difftrain_run_loss"))
    }

    @Test("An event is one server-sent message")
    func events() {
        let text = EventStream.text(
            .rolledBack(from: StateMark(generation: 0, samples: 9), to: StateMark(generation: 1, samples: 0))
        )
        #expect(text.hasPrefix("event: run\ndata: {") && text.hasSuffix("}\n\n"))
        #expect(text.filter { $0 == "\n" }.count == 3)
    }

    @Test("The system's time does not stand still and starts at the wall clock")
    func time() {
        let time = SystemTime()
        let first = time.now()
        #expect(time.now() >= first)
        #expect(abs(Double(first.milliseconds) - Date().timeIntervalSince1970 * 1000) < 60_000)
    }

    @Test("Errors are one sentence")
    func errors() {
        let all: [CoordinatorError] = [
            .notEmpty(path: "/x"), .notARun(path: "/x"), .inUse(path: "/x"), .unauthorized, .unservable(source: "a"),
            .badCheckpoint(reason: "a"), .malformed(what: "body"), .unknownToken(id: "t"),
            .cannotListen(address: "a:1", reason: "b"),
        ]
        for error in all { #expect(error.description.hasSuffix(".") && error.description.contains(" ")) }
        #expect(CoordinatorError.notEmpty(path: "/x").isUsage && !CoordinatorError.inUse(path: "/x").isUsage)
    }
}
