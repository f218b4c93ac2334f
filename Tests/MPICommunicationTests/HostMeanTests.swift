import Buffers
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import MPICommunication

/// Several ranks of one host as threads of this process, each with its own mapping of one window.
private struct Ranks {
    let windows: [SharedWindow]
    let buffers: [FlatBuffer]

    init(_ count: Int, values: Int) throws {
        let name = "/difftrain-test-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
        var windows: [SharedWindow] = []
        let created = try #require(SharedWindow.create(name: name, ranks: count))
        for rank in 0..<count {
            let descriptor = rank == 0 ? created : try #require(SharedWindow.open(name: name))
            windows.append(try #require(SharedWindow(descriptor: descriptor, ranks: count, own: rank)))
        }
        SharedWindow.forget(name: name)
        #expect(SharedWindow.open(name: name) == nil)
        self.windows = windows
        buffers = try windows.map { try #require($0.makeBuffer(count: values)) }
    }
}

/// What a thread of a test is handed.
private struct Handed<Value>: @unchecked Sendable {
    let value: Value
}

/// Runs a body on several threads at once and waits for all.
private func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    let handles = (0..<count).map { index in
        var handle = pthread_t()
        let argument = Unmanaged.passRetained(Entry { body(index) }).toOpaque()
        pthread_create(
            &handle,
            nil,
            {
                if let argument = $0 { Unmanaged<Entry>.fromOpaque(argument).takeRetainedValue().body() }; return nil
            },
            argument
        )
        return handle
    }
    for handle in handles { pthread_join(handle, nil) }
}

private final class Entry: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}

@Suite("A mean in the memory of a host")
struct HostMeanTests {
    private func machine(
        _ window: SharedWindow,
        number: UInt32,
        _ plan: BucketPlan,
        places: [Int],
        weights: [Float],
        isExchanged: Bool = false,
        parts: [Range<Int>]? = nil
    ) -> HostMean {
        HostMean(
            slot: window.board.slot(of: number),
            plan: plan,
            values: places.indices.map { window.values(of: $0, at: places[$0]) },
            weights: weights,
            totalWeight: weights.reduce(0, +),
            isExchanged: isExchanged,
            parts: parts
        )
    }

    @Test("gives all ranks the bits of a sequential sum, in any order of delivery", arguments: [1, 2, 3, 4])
    func bits(ranks: Int) throws {
        let count = 100_003
        let group = try Ranks(ranks, values: count)
        let places = try (0..<ranks).map { try #require(group.windows[$0].place(of: group.buffers[$0])) }
        let plan = BucketPlan(count: count, bytes: 64 << 10)
        let weights = (0..<ranks).map { Float($0 + 1) }
        for number: UInt32 in 1...30 {
            var generator = SeededGenerator(seed: UInt64(number))
            let values = weights.map { _ in generator.floats(count) }
            for rank in 0..<ranks { group.buffers[rank].copy(from: FlatBuffer(values[rank])) }
            let orders = weights.map { _ in Array(0..<plan.buckets).shuffled(using: &generator) }
            let handed = Handed(value: group.windows)
            onThreads(ranks) { rank in
                let window = handed.value[rank]
                let mean = machine(window, number: number, plan, places: places, weights: weights)
                var walk = HostMean.Walk(plan)
                for bucket in orders[rank] {
                    mean.slot.markReady(bucket, of: rank)
                    _ = mean.advance(&walk)
                }
                while walk.open > 0 { if !mean.advance(&walk) { sched_yield() } }
            }
            let total = weights.reduce(0, +)
            let expected = (0..<count).map { index in
                var sum = weights[0] * values[0][index]
                for rank in 1..<max(1, ranks) where rank < ranks {
                    let product = weights[rank] * values[rank][index]
                    sum += product
                }
                return (sum / total).bitPattern
            }
            for buffer in group.buffers where buffer.floats.map(\.bitPattern) != expected {
                Issue.record("mean \(number)")
            }
        }
    }

    @Test("waits for the sum of all hosts, and spreads what the leader has exchanged")
    func exchanged() throws {
        let count = 50_000
        let group = try Ranks(2, values: count)
        let places = [0, 1].compactMap { group.windows[$0].place(of: group.buffers[$0]) }
        let plan = BucketPlan(count: count, bytes: 64 << 10)
        group.buffers[0].fill(1)
        group.buffers[1].fill(2)
        let mean = machine(group.windows[0], number: 1, plan, places: places, weights: [1, 3], isExchanged: true)
        var walk = HostMean.Walk(plan)
        #expect(!mean.advance(&walk))
        for bucket in 0..<plan.buckets {
            mean.slot.markReady(bucket, of: 0)
            mean.slot.markReady(bucket, of: 1)
        }
        #expect(mean.advance(&walk) && walk.open == plan.buckets && walk.isSummed.allSatisfy { $0 })
        #expect(group.buffers[0].floats.allSatisfy { $0 == 7 } && group.buffers[1].floats.allSatisfy { $0 == 2 })
        // The other hosts bring 5.
        group.buffers[0].fill(12)
        for bucket in 0..<plan.buckets { mean.slot.markExchanged(bucket) }
        #expect(mean.advance(&walk) && walk.open == 0)
        #expect(group.buffers.allSatisfy { $0.floats.allSatisfy { $0 == 3 } })
    }

    @Test("gives every rank its part only, where that is asked for")
    func parts() throws {
        let count = 40_000
        let group = try Ranks(2, values: count)
        let places = [0, 1].compactMap { group.windows[$0].place(of: group.buffers[$0]) }
        let plan = BucketPlan(count: count, bytes: 64 << 10)
        group.buffers[0].fill(1)
        group.buffers[1].fill(3)
        let parts = [0..<17_777, 17_777..<count]
        let mean = machine(group.windows[1], number: 1, plan, places: places, weights: [1, 1], parts: parts)
        var walk = HostMean.Walk(plan)
        for bucket in 0..<plan.buckets { for rank in 0..<2 { mean.slot.markReady(bucket, of: rank) } }
        while walk.open > 0 { _ = mean.advance(&walk) }
        #expect(group.buffers[0].floats[parts[0]].allSatisfy { $0 == 2 })
        #expect(group.buffers[0].floats[parts[1]].allSatisfy { $0 == 1 })
        #expect(group.buffers[1].floats[parts[1]].allSatisfy { $0 == 2 })
        #expect(group.buffers[1].floats[parts[0]].allSatisfy { $0 == 3 })
    }

    @Test("finds nothing to do when it comes late to a slot that serves another mean")
    func late() throws {
        let group = try Ranks(1, values: 1)
        let board = group.windows[0].board
        let (old, new) = (board.slot(of: 1), board.slot(of: 1 + UInt32(ExchangeBoard.slots)))
        old.markReady(0, of: 0)
        #expect(old.claim(.sum, of: 0, count: 2) == 0)
        #expect(new.claim(.sum, of: 0, count: 2) == 0)
        #expect(old.claim(.sum, of: 0, count: 2) == nil)
        #expect(new.claim(.sum, of: 0, count: 2) == 1)
        #expect(!new.isReady(0, of: 0))
        #expect(!new.wasLeft(by: 0))
        old.leave(0)
        #expect(new.wasLeft(by: 0))
    }

    @Test("takes memory that was given back again, as zeros")
    func memory() throws {
        let group = try Ranks(1, values: 1)
        let window = group.windows[0]
        var first = window.makeBuffer(count: 1_000_000)
        first?.fill(5)
        let place = first.flatMap { window.place(of: $0) }
        first = nil
        let second = try #require(window.makeBuffer(count: 900_000))
        #expect(window.place(of: second) == place)
        #expect(second.floats.allSatisfy { $0 == 0 })
        #expect(window.place(of: FlatBuffer(count: 4)) == nil)
        #expect(window.makeBuffer(count: 1 << 50) == nil)
    }
}
