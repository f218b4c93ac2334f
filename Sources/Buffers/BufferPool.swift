import Glibc
import Synchronization

/// Keeps freed memory by size class, so that a training step after the first allocates nothing from the system.
public final class BufferPool: Sendable {
    private struct State: ~Copyable {
        var free: [Int: [UInt]] = [:]
        var hits = 0
        var misses = 0
        var bytesInUse = 0
        var peakBytes = 0
    }

    private let state = Mutex(State())

    /// An empty pool.
    public init() {}

    deinit {
        state.withLock { state in
            for address in state.free.values.joined() { Glibc.free(UnsafeMutableRawPointer(bitPattern: address)) }
        }
    }

    /// How often memory came from the system because no freed block fitted.
    public var misses: Int { state.withLock { $0.misses } }

    /// How often a freed block was used again.
    public var hits: Int { state.withLock { $0.hits } }

    /// The most bytes that were in use at once, rounded up to size classes.
    public var peakBytes: Int { state.withLock { $0.peakBytes } }

    /// Memory for `byteCount` bytes, not initialised; it comes back to this pool when it is released.
    public func allocate(_ byteCount: Int) -> Storage {
        let size = BufferPool.sizeClass(byteCount)
        let address: UInt? = state.withLock { state in
            state.bytesInUse += size
            state.peakBytes = max(state.peakBytes, state.bytesInUse)
            if let address = state.free[size]?.popLast() {
                state.hits += 1
                return address
            }
            state.misses += 1
            return nil
        }
        let pointer = address.flatMap { UnsafeMutableRawPointer(bitPattern: $0) } ?? Storage.allocate(size)
        return Storage(byteCount: byteCount, address: pointer, pool: self)
    }

    func giveBack(_ address: UnsafeMutableRawPointer, byteCount: Int) {
        let size = BufferPool.sizeClass(byteCount)
        state.withLock { state in
            state.bytesInUse -= size
            state.free[size, default: []].append(UInt(bitPattern: address))
        }
    }

    /// Sizes are rounded up to an eighth of a power of two, at least 64 bytes: at most 12.5 % is wasted.
    static func sizeClass(_ byteCount: Int) -> Int {
        guard byteCount > 512 else { return max(64, (byteCount + 63) & ~63) }
        let step = 1 << (Int.bitWidth - (byteCount - 1).leadingZeroBitCount - 4)
        return (byteCount + step - 1) & ~(step - 1)
    }
}
