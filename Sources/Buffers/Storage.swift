import Glibc

/// Aligned reference-counted memory that is written by its maker and read by everybody after that.
///
/// `@unchecked Sendable` holds because of one rule: a storage is filled before it is handed to another thread, and from then on only read.
/// The exception is the storage of a `FlatBuffer`, which never leaves its owner's thread as long as it is written.
public final class Storage: @unchecked Sendable {
    /// Bytes that may be used.
    public let byteCount: Int
    /// The first byte; aligned to 64 bytes.
    public let address: UnsafeMutableRawPointer
    private let pool: BufferPool?
    private let release: (@Sendable () -> Void)?

    /// Allocates memory from the system, not initialised.
    public convenience init(byteCount: Int) {
        self.init(byteCount: byteCount, address: Storage.allocate(byteCount), pool: nil)
    }

    init(byteCount: Int, address: UnsafeMutableRawPointer, pool: BufferPool?) {
        self.byteCount = byteCount
        self.address = address
        self.pool = pool
        release = nil
    }

    /// Holds memory that somebody else has allocated and takes back by `release`, which may be called on any thread.
    ///
    /// `address` must be aligned to 64 bytes.
    public init(byteCount: Int, address: UnsafeMutableRawPointer, release: @escaping @Sendable () -> Void) {
        precondition(UInt(bitPattern: address) % 64 == 0, "memory at \(address) is not aligned to 64 bytes")
        self.byteCount = byteCount
        self.address = address
        self.release = release
        pool = nil
    }

    deinit {
        if let release {
            release()
        } else if let pool {
            pool.giveBack(address, byteCount: byteCount)
        } else {
            free(address)
        }
    }

    /// The size of a large page, where the system has them.
    private static let largePage = 2 << 20

    static func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer {
        var pointer: UnsafeMutableRawPointer?
        let rounded = max(64, (byteCount + 63) & ~63)
        let isLarge = rounded >= largePage
        guard posix_memalign(&pointer, isLarge ? largePage : 64, rounded) == 0, let pointer else {
            preconditionFailure("out of memory: \(byteCount) bytes")
        }
        // Rows of matrices lie pages apart; fewer and larger pages spare the processor most of its look-ups. The system may refuse.
        if isLarge { madvise(pointer, rounded, MADV_HUGEPAGE) }
        return pointer
    }
}

/// A run of elements of one storage.
public struct Region: Sendable {
    /// The memory.
    public let storage: Storage
    /// The first element, in elements of `dtype`.
    public let offset: Int
    /// The number of elements.
    public let count: Int
    /// The element type.
    public let dtype: DType

    /// Names `count` elements from `offset` on.
    public init(_ storage: Storage, offset: Int, count: Int, dtype: DType) {
        precondition(
            offset >= 0 && count >= 0 && (offset + count) * dtype.byteWidth <= storage.byteCount,
            "region \(offset)+\(count) of \(storage.byteCount) bytes"
        )
        self.storage = storage
        self.offset = offset
        self.count = count
        self.dtype = dtype
    }

    /// The address of the first element.
    public var address: UnsafeMutableRawPointer { storage.address + offset * dtype.byteWidth }

    /// The elements as float32.
    public var floats: UnsafeMutablePointer<Float> {
        precondition(dtype == .float32, "\(dtype) read as float32")
        return address.assumingMemoryBound(to: Float.self)
    }

    /// A part of this region, in elements.
    public func part(_ range: Range<Int>) -> Region {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "part \(range) of \(count)")
        return Region(storage, offset: offset + range.lowerBound, count: range.count, dtype: dtype)
    }
}
