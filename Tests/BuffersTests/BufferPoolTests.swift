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

    @Test("knows the most bytes that were in use at once, in size classes")
    func peak() {
        let pool = BufferPool()
        for count in [3, 1, 5, 2] {
            let held = (0..<count).map { _ in pool.allocate(1000) }
            #expect(held.count == count)
        }
        #expect(pool.peakBytes == 5 * 1024)
    }

    @Test("wastes at most an eighth of sizes beyond 512 bytes and a line of 64 below")
    func sizeClasses() {
        for size in Array(0...5000) + (10...40).flatMap({ power in (-1...1).map { (1 << power) + $0 } }) {
            let found = BufferPool.sizeClass(size)
            let isFit = found >= max(size, 64) && found % 64 == 0
            let isTight = size > 512 ? (found - size) * 8 <= size : found - size <= 64
            if !isFit || !isTight { Issue.record("\(size) bytes in a class of \(found)") }
        }
        forAll { generator in
            let size = 1 + Int(truncatingIfNeeded: generator.next() >> UInt64(generator.int(20...60)))
            let found = BufferPool.sizeClass(size)
            try #require(BufferPool.sizeClass(found) == found, "\(size) bytes")
            try #require(BufferPool.sizeClass(size - 1) <= found, "\(size) bytes")
        }
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
        #expect(pool.misses <= 2 * 8 * 3)
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
