import Buffers
import Glibc

/// Copies parts between ranks that share one memory; runs on the owner's thread, without MPI.
struct MemoryGather {
    private let group: RankGroup
    private let buffer: FlatBuffer
    private let parts: [Range<Int>]
    private let slot: ExchangeSlot
    private let number: UInt32

    /// Shows the others where this rank's values lie.
    init(_ group: RankGroup, _ buffer: FlatBuffer, _ parts: [Range<Int>]) {
        self.group = group
        self.buffer = buffer
        self.parts = parts
        number = group.takeNumber()
        slot = group.hostBoard.slot(of: number)
        let place = group.window?.place(of: buffer) ?? ExchangeHeader.elsewhere
        slot.publish(ExchangeHeader(count: buffer.count, place: place, weight: 0), of: group.own)
        group.ring()
    }

    /// Copies the parts of the others; false, on all ranks, if some values lie outside of the shared memory.
    func run() -> Bool {
        defer {
            group.leave(number)
            group.ring()
        }
        waitUntil { (0..<group.size).allSatisfy { slot.published(by: $0) != nil } }
        let places = (0..<group.size).compactMap { slot.published(by: $0)?.place }
        guard let window = group.window, places.allSatisfy({ $0 != ExchangeHeader.elsewhere }) else { return false }
        for step in 1..<max(1, group.size) {
            // Everybody starts with another neighbour, so that all do not read the same memory at once.
            let rank = (group.rank + step) % group.size
            let part = parts[rank]
            let source = window.values(of: rank, at: places[rank]) + part.lowerBound
            (buffer.region.floats + part.lowerBound).update(from: source, count: part.count)
        }
        slot.finish(.sum, of: 0, isFinite: true)
        group.ring()
        // Nobody may change its own part before all have copied it.
        waitUntil { slot.finished(.sum, of: 0).chunks == group.size }
        return true
    }

    private func waitUntil(_ condition: () -> Bool) {
        var idle = 0
        while true {
            let bell = group.thread.bell
            let tone = bell.tone
            if condition() { return }
            idle += 1
            if idle > 50 { bell.sleep(since: tone, atMost: 100_000_000) } else { sched_yield() }
        }
    }
}
