import TestSupport
import Testing

@testable import Buffers

@Suite("A buffer pool")
struct BufferPoolTests {
    @Test("gives freed memory out again and counts what came from the system")
    func reuse() {
        let pool = BufferPool()
        var storage: Storage? = pool.allocate(1000)
        let address = storage?.address
        #expect(pool.misses == 1 && pool.hits == 0)
        storage = nil
        let second = pool.allocate(1010)
        #expect(second.address == address)
        #expect(pool.misses == 1 && pool.hits == 1)
        let third = pool.allocate(1000)
        #expect(third.address != address)
        #expect(pool.misses == 2 && pool.hits == 1)
    }

    @Test("allocates nothing from the system in the second of equal steps")
    func steps() {
        let pool = BufferPool()
        func step() {
            var held: [Storage] = []
            for size in [64, 100, 5000, 100, 70_000, 64] { held.append(pool.allocate(size)) }
        }
        step()
        let misses = pool.misses
        for _ in 0..<5 { step() }
        #expect(pool.misses == misses)
        #expect(pool.hits == 30)
    }

    @Test("knows the most bytes that were in use at once, in lines of 64")
    func peak() {
        let pool = BufferPool()
        for count in [3, 1, 5, 2] {
            let held = (0..<count).map { _ in pool.allocate(1000) }
            #expect(held.count == count)
        }
        #expect(pool.peakBytes == 5 * 1024)
        #expect(pool.heldBytes == 5 * 1024)
    }

    @Test("serves a large block from small ones that lie together")
    func joins() {
        let pool = BufferPool()
        var held: [Storage?] = (0..<4).map { _ in pool.allocate(1024) }
        let address = held[0]?.address
        for index in [0, 2, 1] { held[index] = nil }
        #expect(pool.allocate(3072).address == address)
        #expect(pool.misses == 4 && pool.heldBytes == 4096)
    }

    @Test("holds what a step needs at once and little more, and gives equal steps equal places")
    func layers() {
        let pool = BufferPool()
        func step() -> [UnsafeMutableRawPointer] {
            var (addresses, kept) = ([UnsafeMutableRawPointer](), [Storage]())
            // Forward: each layer takes scratch memory and leaves an activation; backward: they go in turn, with a gradient for each.
            for layer in 0..<20 {
                let scratch = pool.allocate(3_000_000 / (1 + layer % 4))
                kept.append(pool.allocate(1_000_000 >> (layer / 5)))
                addresses += [scratch.address, kept[layer].address]
            }
            for layer in (0..<20).reversed() {
                let gradient = pool.allocate(1_000_000 >> (layer / 5))
                addresses.append(gradient.address)
                kept.removeLast()
            }
            return addresses
        }
        let first = step()
        let misses = pool.misses
        #expect(pool.heldBytes < pool.peakBytes + pool.peakBytes / 8)
        for _ in 0..<3 { #expect(step() == first) }
        #expect(pool.misses == misses)
    }

    @Test("gives memory that is aligned to 64 bytes and wholly usable")
    func memory() {
        let pool = BufferPool()
        for size in [0, 1, 63, 64, 65, 513, 4097] {
            let storage = pool.allocate(size)
            #expect(Int(bitPattern: storage.address) % 64 == 0)
            #expect(storage.byteCount == size)
            storage.address.initializeMemory(as: UInt8.self, repeating: 0xA5, count: size)
        }
    }

    @Test("stays until its last storage is released")
    func lifetime() {
        weak var pool: BufferPool?
        var storage: Storage?
        do {
            let own = BufferPool()
            pool = own
            storage = own.allocate(100)
        }
        #expect(pool != nil)
        #expect(storage?.byteCount == 100)
        storage = nil
        #expect(pool == nil)
    }

    @Test("serves two threads without giving one block to both")
    func threads() async {
        let pool = BufferPool()
        let rounds = 2000
        let intact = await withTaskGroup(of: Bool.self) { group in
            for tag: UInt8 in [1, 2] {
                group.addTask { BufferPoolTests.churn(pool, tag: tag, rounds: rounds) }
            }
            return await group.reduce(true) { $0 && $1 }
        }
        #expect(intact)
        #expect(pool.hits + pool.misses == 2 * rounds)
        #expect(pool.misses < pool.hits)
    }

    /// Holds up to eight blocks of three classes, and looks whether anybody else wrote into them.
    private static func churn(_ pool: BufferPool, tag: UInt8, rounds: Int) -> Bool {
        var held: [Storage] = []
        for round in 0..<rounds {
            let storage = pool.allocate([128, 640, 2048][round % 3])
            storage.address.initializeMemory(as: UInt8.self, repeating: tag, count: storage.byteCount)
            held.append(storage)
            guard held.count == 8 else { continue }
            let oldest = held.removeFirst()
            let bytes = UnsafeRawBufferPointer(start: oldest.address, count: oldest.byteCount)
            if bytes.contains(where: { $0 != tag }) { return false }
        }
        return true
    }
}
