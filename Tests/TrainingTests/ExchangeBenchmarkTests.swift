import Buffers
import Communication
import Configs
import Foundation
import Logging
import Synchronization
import Testing

@testable import Training

@Suite("A measurement of exchanges")
struct ExchangeBenchmarkTests {
    private static let logger = Logger(label: "test")

    /// What a group of threads measures, from its rank 0.
    private static func measure(
        _ size: Int,
        count: Int,
        _ contenders: @escaping @Sendable (any Communicator) -> [ExchangeContender]
    ) throws -> [ExchangeTimes] {
        let times = Mutex<[ExchangeTimes]>([])
        try PeerThreads.run(size, compression: Float32Compression(), logger: logger) { _, threads in
            let result = try ExchangeBenchmark(contenders(threads), control: threads).run(count: count, seconds: 1e-6)
            if threads.rank == 0 { times.withLock { $0 = result } }
        }
        return times.withLock { $0 }
    }

    @Test("holds exact means of float32, whole or in pieces", arguments: [1, 2, 3], [1, 70_000])
    func exact(size: Int, count: Int) throws {
        let times = try Self.measure(size, count: count) { group in
            [
                ExchangeContender(means: "whole", of: group, compression: Float32Compression()),
                ExchangeContender(means: "pieces", of: group, compression: Float32Compression(), pieces: 5),
            ]
        }
        #expect(times.map(\.name) == ["whole", "pieces"])
        for times in times {
            #expect(times.seconds.count >= 3 && times.seconds.allSatisfy { $0 > 0 } && times.largestError == 0)
            #expect(times.count == count && times.members == size)
        }
    }

    @Test("goes over sockets, with a codec within its bound", arguments: ["bfloat16", "float32", "int8-block"])
    func sockets(name: String) throws {
        let compression = try #require(Compressions.method(named: name)?.init() as? any Compression)
        let error = Mutex<Float>(-1)
        try PeerThreads.run(2, compression: compression, logger: Self.logger) { peers, threads in
            let contender = ExchangeContender(means: "peers", of: peers, compression: compression, size: threads.size)
            let times = try ExchangeBenchmark([contender], control: threads).run(count: 5000, seconds: 1e-6)
            error.withLock { $0 = max($0, times[0].largestError) }
        }
        // Two roundings to 8 bits of values up to 1022, or none.
        let bound: Float = name == "float32" ? 0 : 2 * 1022 / 128
        let largest = error.withLock { $0 }
        #expect(largest <= bound && (name == "float32") == (largest == 0))
    }

    @Test("refuses a wrong value, in one sentence")
    func wrong() throws {
        let fault = #expect(throws: ExchangeFault.self) {
            _ = try Self.measure(2, count: 100) { group in
                [
                    ExchangeContender(
                        means: "mean",
                        of: Crooked(group, error: 0.5, rank: 1),
                        compression: Float32Compression()
                    )
                ]
            }
        }
        #expect(fault == .wrong(name: "mean", bytes: 400, rank: 1, error: 0.5, allowed: 0))
        let text = fault?.description ?? ""
        #expect(text.contains("mean of 400 bytes is wrong on rank 1: a value is off by 0.5 where 0.0 is allowed;"))
        #expect(!text.contains("\n"))
    }

    @Test("refuses what is not a number", arguments: [Float.nan, .infinity])
    func notNumbers(error: Float) throws {
        let fault = #expect(throws: ExchangeFault.self) {
            _ = try Self.measure(1, count: 100) { group in
                [
                    ExchangeContender(
                        means: "mean",
                        of: Crooked(group, error: error, rank: 0),
                        compression: BFloat16Compression()
                    )
                ]
            }
        }
        guard case .wrong(_, _, 0, .infinity, _) = fault else { Issue.record("\(fault as Any)"); return }
    }

    @Test("refuses other bits on another rank, even within the codec's bound")
    func different() throws {
        let fault = #expect(throws: ExchangeFault.self) {
            _ = try Self.measure(3, count: 100) { group in
                [
                    ExchangeContender(
                        means: "mean",
                        of: Crooked(group, error: 0.25, rank: 2),
                        compression: BFloat16Compression()
                    )
                ]
            }
        }
        #expect(fault == .different(name: "mean", bytes: 400, rank: 2))
        #expect(fault?.description.contains("left other bits on rank 2 than on rank 0") == true)
    }

    @Test("refuses a sum that misses a rank")
    func sum() throws {
        let fault = #expect(throws: ExchangeFault.self) {
            _ = try Self.measure(2, count: 100) { _ in [ExchangeContender(sums: "sum") { _, _ in }] }
        }
        guard case .wrong("sum", 400, 0, _, 0) = fault else { Issue.record("\(fault as Any)"); return }
    }

    @Test("gives rates of the buffer and of the link, and ratios turn by turn")
    func statistics() throws {
        var own = ExchangeTimes(name: "mean_mpi", count: 1 << 20, members: 4)
        own.seconds = [0.004, 0.001, 0.002]
        var other = ExchangeTimes(name: "sum", count: 1 << 20, members: 4)
        other.seconds = [0.002, 0.002, 0.002]
        let line = own.line(["backend": "mpi"])
        #expect(line.config == ["backend": "mpi", "procs": "4", "mib": "4"] && line.median == 0.002 && line.n == 3)
        #expect(abs((line.algbwGbS ?? 0) - 2.097152) < 1e-9 && abs((line.busbwGbS ?? 0) - 1.5 * 2.097152) < 1e-9)
        #expect(own.row.contains("2.000") && own.row.contains("mean_mpi"))
        let ratio = ExchangeRatio(of: other, over: own, config: [:])
        #expect(ratio.name == "sum/mean_mpi" && ratio.median == 1 && ratio.min == 0.5 && ratio.max == 2 && ratio.n == 3)
        #expect(ratio.text.hasSuffix("sum/mean_mpi: 1.00, 0.50 to 2.00, half of the turns 0.50 to 2.00"))
    }
}

/// A group whose mean is off by something on one rank.
private final class Crooked: Communicator {
    private let group: any Communicator
    private let error: Float
    private let wrongRank: Int

    init(_ group: any Communicator, error: Float, rank: Int) {
        self.group = group
        self.error = error
        wrongRank = rank
    }

    var rank: Int { group.rank }
    var size: Int { group.size }

    func startMean(
        of buffer: FlatBuffer,
        weight: Float,
        round: UInt64
    ) throws(CommunicationError) -> any PendingMean {
        let report = try group.mean(of: buffer, weight: weight, round: round)
        if rank == wrongRank { buffer.withMutableFloats { $0[$0.count - 1] += error } }
        return FinishedMean(report)
    }

    func broadcast(_ buffer: FlatBuffer, from root: Int) throws(CommunicationError) {
        try group.broadcast(buffer, from: root)
    }

    func broadcast(_ bytes: [UInt8], from root: Int) throws(CommunicationError) -> [UInt8] {
        try group.broadcast(bytes, from: root)
    }

    func barrier() throws(CommunicationError) { try group.barrier() }
}
