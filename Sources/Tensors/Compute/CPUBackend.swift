public import Buffers
import CKernels
import COpenBLAS
import Synchronization

/// The kernels on the processor.
///
/// Work is cut into blocks by shape alone and spread over one pool of threads, each block computed by one of them.
public final class CPUBackend: Backend {
    /// Threads that this process may run on at the same time.
    public static var availableThreads: Int { ck_available_threads() }

    /// The name `cpu`.
    public var name: String { "cpu" }

    /// The threads that compute.
    public let pool: ThreadPool

    let memory = BufferPool()
    let tally = WorkTally()

    /// Makes a backend with a pool of its own, by default with as many threads as the process may use.
    public init(threads: Int = CPUBackend.availableThreads) {
        pool = ThreadPool(threads: threads)
        openblas_set_num_threads(1)
    }

    /// The work done so far.
    public var counters: WorkCounters { tally.reading(memory) }

    /// One sentence for logs: threads, the kernel sets that the libraries chose, and what was overridden.
    public var summary: String {
        let core = String(cString: openblas_get_corename())
        var text = "cpu with \(pool.threads) threads, OpenBLAS kernels \(core)"
        if let name = ck_overridden_core_type() {
            text += ", OPENBLAS_CORETYPE=\(String(cString: name)) ignored because the processor is newer"
        }
        return text
    }

    /// Memory for `count` elements, not initialised; it is used again after its last owner lets go.
    public func allocate(_ count: Int, _ dtype: DType) -> Storage {
        memory.allocate(count * dtype.byteWidth)
    }
}

extension CPUBackend {
    /// Elements of one block of a kernel that is bound by memory: 64 KiB of float32.
    static let blockSize = 1 << 14

    /// Calls `body` with ranges of `size` elements that cover `0..<count`, from several threads.
    func forBlocks(_ count: Int, of size: Int, _ body: (Range<Int>) -> Void) {
        guard count > 0 else { return }
        pool.parallelFor((count + size - 1) / size) { block in
            body(block * size..<min(count, (block + 1) * size))
        }
    }

    /// Calls `body` with ranges of rows of `width` elements, so many that a block is worth its start.
    func forRows(_ rows: Int, width: Int, _ body: (Range<Int>) -> Void) {
        forBlocks(rows, of: max(1, CPUBackend.blockSize / max(1, width)), body)
    }

    /// Floats for the time of one kernel.
    func temporary(_ count: Int) -> Region {
        Region(allocate(count, .float32), offset: 0, count: count, dtype: .float32)
    }

    /// Scratch memory for kernels that run on all threads at once.
    func scratch(_ count: Int) -> ScratchSet {
        ScratchSet((0..<pool.threads).map { _ in temporary(count) })
    }
}

/// As many pieces of memory as threads; a block borrows one while it runs.
///
/// All pieces are there before the first block starts, so what the pool of memory has to give does not depend on scheduling.
final class ScratchSet: Sendable {
    private let free: Mutex<[Region]>

    init(_ regions: [Region]) {
        free = Mutex(regions)
    }

    func borrow(_ body: (UnsafeMutablePointer<Float>) -> Void) {
        let region = free.withLock { $0.popLast() }
        guard let region else { preconditionFailure("more blocks at once than threads") }
        body(region.floats)
        free.withLock { $0.append(region) }
    }
}
