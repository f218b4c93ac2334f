import Glibc
import Synchronization

/// Gives memory out of large segments again and again, so that a training step after the first takes nothing from the system.
///
/// A run of blocks that fall free together serves a larger one afterwards: the pool holds little more than was in use at once.
public final class BufferPool: Sendable {
    private struct Segment {
        let address: UInt
        var free: FreeRanges
    }

    private struct State: ~Copyable {
        var segments: [Segment] = []
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
            for segment in state.segments {
                munmap(UnsafeMutableRawPointer(bitPattern: segment.address), segment.free.capacity)
            }
        }
    }

    /// How often a block needed memory that was never used before.
    public var misses: Int { state.withLock { $0.misses } }

    /// How often a block came whole from memory that was used before.
    public var hits: Int { state.withLock { $0.hits } }

    /// The most bytes that were in use at once, in lines of 64.
    public var peakBytes: Int { state.withLock { $0.peakBytes } }

    /// The bytes that were ever given out: what the pool holds of the machine's memory, at most.
    public var heldBytes: Int { state.withLock { $0.segments.reduce(0) { $0 + $1.free.mark } } }

    /// Memory for `byteCount` bytes, not initialised; it comes back to this pool when it is released.
    public func allocate(_ byteCount: Int) -> Storage {
        let size = BufferPool.rounded(byteCount)
        let address: UInt = state.withLock { state in
            state.bytesInUse += size
            state.peakBytes = max(state.peakBytes, state.bytesInUse)
            let block = BufferPool.take(size, from: &state.segments)
            if block.isFresh { state.misses += 1 } else { state.hits += 1 }
            return block.address
        }
        guard let pointer = UnsafeMutableRawPointer(bitPattern: address) else { preconditionFailure("memory at 0") }
        return Storage(byteCount: byteCount, address: pointer, pool: self)
    }

    func giveBack(_ address: UnsafeMutableRawPointer, byteCount: Int) {
        let (size, address) = (BufferPool.rounded(byteCount), UInt(bitPattern: address))
        state.withLock { state in
            state.bytesInUse -= size
            let home = state.segments.firstIndex { segment in
                address >= segment.address && address < segment.address + UInt(segment.free.capacity)
            }
            guard let home else { preconditionFailure("memory at \(address) is of another pool") }
            let offset = Int(address - state.segments[home].address)
            state.segments[home].free.giveBack(offset..<offset + size)
        }
    }

    /// Lines of 64 bytes, at least one.
    private static func rounded(_ byteCount: Int) -> Int { max(64, (byteCount + 63) & ~63) }

    private static func take(_ size: Int, from segments: inout [Segment]) -> (address: UInt, isFresh: Bool) {
        for index in segments.indices {
            guard let block = segments[index].free.take(size) else { continue }
            return (segments[index].address + UInt(block.offset), block.isFresh)
        }
        var segment = reserve(atLeast: size)
        _ = segment.free.take(size)
        segments.append(segment)
        return (segment.address, true)
    }

    /// Addresses for most steps as a whole; memory stands behind them only once they are written.
    private static let usualSegment = 4 << 30
    /// Small pools do without large pages, which are cleared as a whole.
    private static let smallPart = 4 << 20

    private static func reserve(atLeast size: Int) -> Segment {
        var capacity = max(size, usualSegment)
        while true {
            let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
            let pointer = mmap(nil, capacity, PROT_READ | PROT_WRITE, flags, -1, 0)
            if let pointer, pointer != MAP_FAILED {
                // Fewer and larger pages spare the processor most of its look-ups. The system may refuse.
                madvise(pointer + smallPart, max(0, capacity - smallPart), MADV_HUGEPAGE)
                return Segment(address: UInt(bitPattern: pointer), free: FreeRanges(capacity: capacity))
            }
            precondition(capacity > size, "out of memory: \(size) bytes")
            // A limit on addresses or a system that promises no more than it has.
            capacity = max(size, capacity / 2)
        }
    }
}
