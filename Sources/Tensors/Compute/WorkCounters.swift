import Buffers
import Synchronization

/// What a backend has done so far; the same for every run of the same work.
public struct WorkCounters: Sendable, Hashable {
    /// Multiplications and additions of matrix products, convolutions and attention, in the direct form.
    ///
    /// Attention counts `4 N M D` a head forward, and backward `10 N M D` with the probabilities that are computed again.
    public var gemmOperations = 0
    /// Bytes of all operands read and results written by kernels.
    public var bytesMoved = 0
    /// Allocations that the pool could not serve from freed memory.
    public var poolMisses = 0
    /// The most bytes of the pool that were in use at once, ever; scratch memory is in it once for each thread.
    public var peakBytes = 0

    /// The work between an earlier reading and this one; the peak is that of the whole time.
    public func since(_ earlier: WorkCounters) -> WorkCounters {
        WorkCounters(
            gemmOperations: gemmOperations - earlier.gemmOperations,
            bytesMoved: bytesMoved - earlier.bytesMoved,
            poolMisses: poolMisses - earlier.poolMisses,
            peakBytes: peakBytes
        )
    }
}

/// Counts work from any thread.
final class WorkTally: Sendable {
    private let operations = Atomic<Int>(0)
    private let bytes = Atomic<Int>(0)

    func add(operations count: Int) {
        operations.add(count, ordering: .relaxed)
    }

    func add(floats count: Int) {
        bytes.add(4 * count, ordering: .relaxed)
    }

    /// Counts the bytes of operands and results.
    func add(reading inputs: [Region] = [], writing outputs: [Region]) {
        let count = (inputs + outputs).reduce(0) { $0 + $1.count * $1.dtype.byteWidth }
        bytes.add(count, ordering: .relaxed)
    }

    func reading(_ pool: BufferPool) -> WorkCounters {
        WorkCounters(
            gemmOperations: operations.load(ordering: .relaxed),
            bytesMoved: bytes.load(ordering: .relaxed),
            poolMisses: pool.misses,
            peakBytes: pool.peakBytes
        )
    }
}
