import Synchronization
import Tensors
import Testing

struct ThreadPoolTests {
    @Test("Every block runs exactly once, whatever the number of threads and blocks", arguments: [1, 2, 5])
    func everyBlockRunsOnce(threads: Int) {
        let pool = ThreadPool(threads: threads)
        for blocks in [0, 1, 2, 3, 7, 64, 1000] {
            for _ in 0..<20 {
                let counts = (0..<blocks).map { _ in Counter() }
                pool.parallelFor(blocks) { counts[$0].value.add(1, ordering: .relaxed) }
                #expect(counts.allSatisfy { $0.value.load(ordering: .relaxed) == 1 })
            }
        }
    }

    @Test("A call from within a block runs on the thread of the block")
    func nestedCallsRunInline() {
        let pool = ThreadPool(threads: 3)
        let count = Counter()
        pool.parallelFor(8) { _ in
            pool.parallelFor(8) { _ in count.value.add(1, ordering: .relaxed) }
        }
        #expect(count.value.load(ordering: .relaxed) == 64)
    }

    @Test("Several tasks may share one pool")
    func callersShareAPool() async {
        let pool = ThreadPool(threads: 2)
        let count = Counter()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<200 { pool.parallelFor(5) { _ in count.value.add(1, ordering: .relaxed) } }
                }
            }
        }
        #expect(count.value.load(ordering: .relaxed) == 4000)
    }

    @Test("Pools come and go without losing a thread")
    func poolsEnd() {
        for _ in 0..<50 {
            let pool = ThreadPool(threads: 4)
            let count = Counter()
            pool.parallelFor(16) { _ in count.value.add(1, ordering: .relaxed) }
            #expect(count.value.load(ordering: .relaxed) == 16)
        }
    }
}

private final class Counter: Sendable {
    let value = Atomic<Int>(0)
}
