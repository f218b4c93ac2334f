import CKernels
import Glibc
import Synchronization

/// Fixed threads that work on numbered blocks together with the calling thread; the only parallelism of the compute core.
///
/// Work is cut into blocks by its shape alone and every block is computed by one thread, so no result depends on the number of threads or
/// on which of them takes a block. A call from within a block, or while another thread uses the pool, runs on the calling thread.
public final class ThreadPool: Sendable {
    /// Threads that compute, the caller included.
    public let threads: Int

    private let crew = Crew()
    private let handles: [pthread_t]

    /// Starts `threads - 1` threads; with one thread everything runs on the caller.
    public init(threads: Int) {
        precondition(threads >= 1, "a pool of \(threads) threads")
        self.threads = threads
        handles = (1..<threads).map { [crew] _ in Crew.start(crew) }
    }

    deinit {
        crew.stop()
        for handle in handles { pthread_join(handle, nil) }
    }

    /// Runs `body(0)` to `body(blocks - 1)`, each once and in any order, and returns when all are done.
    ///
    /// Blocks run at the same time: they must not write to the same place.
    public func parallelFor(_ blocks: Int, _ body: (Int) -> Void) {
        guard threads > 1, blocks > 1, blocks < Crew.blockLimit, crew.take() else {
            for block in 0..<max(blocks, 0) { body(block) }
            return
        }
        withoutActuallyEscaping(body) { crew.run(blocks, $0) }
        crew.release()
    }
}

/// The state that the threads of a pool share.
///
/// `@unchecked Sendable` holds for these reasons. `owned` lets in one caller at a time, and only it writes `generation` and `body`. It
/// stores `body` before it publishes a job in `state`, a word of generation, number of blocks and next block. A thread reads `body` only
/// after it moved the next block forward by compare-and-exchange, which succeeds only while the job of that word has untaken blocks; and
/// `run` returns only when all blocks were counted in `finished`. So nobody reads `body` while it is written. The mutex and conditions are
/// made for use by many threads, and their addresses do not change.
private final class Crew: @unchecked Sendable {
    /// More blocks than this do not fit into `state`.
    static let blockLimit = 1 << 20

    /// Turns of a waiting loop before a thread sleeps: some microseconds, about what it costs to wake a thread.
    private static let patience = 300

    private let owned = Atomic<Bool>(false)
    private let state = Atomic<UInt64>(0)
    private let finished = Atomic<Int>(0)
    private let sleepers = Atomic<Int>(0)
    private let callerSleeps = Atomic<Bool>(false)
    private let stopping = Atomic<Bool>(false)
    private var body: ((Int) -> Void)?
    private var generation: UInt64 = 0
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let workCondition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let doneCondition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(workCondition, nil)
        pthread_cond_init(doneCondition, nil)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        pthread_cond_destroy(workCondition)
        pthread_cond_destroy(doneCondition)
        mutex.deallocate()
        workCondition.deallocate()
        doneCondition.deallocate()
    }

    static func start(_ crew: Crew) -> pthread_t {
        var handle = pthread_t()
        let argument = Unmanaged.passRetained(crew).toOpaque()
        let enter: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
            if let argument { Unmanaged<Crew>.fromOpaque(argument).takeRetainedValue().work() }
            return nil
        }
        let code = pthread_create(&handle, nil, enter, argument)
        precondition(code == 0, "cannot start a thread: error \(code)")
        return handle
    }

    func stop() {
        stopping.store(true, ordering: .sequentiallyConsistent)
        signal(workCondition)
    }

    func take() -> Bool {
        owned.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged
    }

    func release() {
        owned.store(false, ordering: .releasing)
    }

    func run(_ blocks: Int, _ body: @escaping (Int) -> Void) {
        self.body = body
        finished.store(0, ordering: .relaxed)
        generation = (generation + 1) & 0xff_ffff
        state.store(generation << 40 | UInt64(blocks) << 20, ordering: .sequentiallyConsistent)
        if sleepers.load(ordering: .sequentiallyConsistent) > 0 { signal(workCondition) }
        help()
        awaitEnd(of: blocks)
        self.body = nil
    }

    // Takes blocks until none is left.
    private func help() {
        while let (block, count) = takeBlock() {
            body?(block)
            let done = finished.add(1, ordering: .sequentiallyConsistent).newValue
            if done == count, callerSleeps.load(ordering: .sequentiallyConsistent) { signal(doneCondition) }
        }
    }

    private func takeBlock() -> (block: Int, count: Int)? {
        var word = state.load(ordering: .acquiring)
        while Crew.hasBlock(word) {
            let attempt = state.weakCompareExchange(
                expected: word,
                desired: word + 1,
                ordering: .acquiringAndReleasing
            )
            if attempt.exchanged { return (Int(word & 0xf_ffff), Int(word >> 20 & 0xf_ffff)) }
            word = attempt.original
        }
        return nil
    }

    private static func hasBlock(_ word: UInt64) -> Bool { word & 0xf_ffff < word >> 20 & 0xf_ffff }

    private func awaitEnd(of blocks: Int) {
        for _ in 0..<Crew.patience {
            if finished.load(ordering: .acquiring) == blocks { return }
            ck_relax()
        }
        callerSleeps.store(true, ordering: .sequentiallyConsistent)
        sleep(doneCondition) { finished.load(ordering: .sequentiallyConsistent) == blocks }
        callerSleeps.store(false, ordering: .relaxed)
    }

    // The life of one thread.
    private func work() {
        while !stopping.load(ordering: .acquiring) {
            help()
            if isWorkNear() { continue }
            sleepers.add(1, ordering: .sequentiallyConsistent)
            sleep(workCondition) {
                Crew.hasBlock(state.load(ordering: .sequentiallyConsistent))
                    || stopping.load(ordering: .sequentiallyConsistent)
            }
            sleepers.subtract(1, ordering: .sequentiallyConsistent)
        }
    }

    private func isWorkNear() -> Bool {
        for _ in 0..<Crew.patience {
            if Crew.hasBlock(state.load(ordering: .relaxed)) { return true }
            ck_relax()
        }
        return false
    }

    private func sleep(_ condition: UnsafeMutablePointer<pthread_cond_t>, until isOver: () -> Bool) {
        pthread_mutex_lock(mutex)
        while !isOver() { pthread_cond_wait(condition, mutex) }
        pthread_mutex_unlock(mutex)
    }

    // Whoever sleeps has announced it before it looked at the state for the last time, under the mutex: no signal is lost.
    private func signal(_ condition: UnsafeMutablePointer<pthread_cond_t>) {
        pthread_mutex_lock(mutex)
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
    }
}
