import Buffers
import Glibc
import Synchronization

/// Memory that all ranks of a host map: a board of flags, and a part for the values of each rank.
///
/// The parts are large and empty at first; a rank takes pages for its own part as it needs them, and the system says so at once if there
/// are none left. The object has a name only until all ranks have mapped it: whatever happens later, nothing stays behind.
final class SharedWindow: Sendable {
    /// Values start at multiples of this: a large page.
    private static let grain = 2 << 20

    /// The ranks that share the window.
    let ranks: Int
    /// The part of the values that belongs to this process.
    let own: Int

    private let descriptor: Int32
    private let base: UInt
    private let headBytes: Int
    private let partBytes: Int
    private let taken = Mutex<[Range<Int>]>([])

    /// Maps an object of zeros; the leader has made it by `create`.
    init?(descriptor: Int32, ranks: Int, own: Int) {
        self.ranks = ranks
        self.own = own
        self.descriptor = descriptor
        (headBytes, partBytes) = Self.sizes(ranks)
        let total = headBytes + ranks * partBytes
        guard let mapping = mmap(nil, total, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, descriptor, 0),
            mapping != MAP_FAILED
        else {
            close(descriptor)
            return nil
        }
        madvise(mapping, total, MADV_HUGEPAGE)
        madvise(mapping, total, MADV_DONTDUMP)
        base = UInt(bitPattern: mapping)
    }

    deinit {
        munmap(UnsafeMutableRawPointer(bitPattern: base), headBytes + ranks * partBytes)
        close(descriptor)
    }

    /// Makes the object of a name, with pages for the board; answers its descriptor, or nil if the system refuses.
    static func create(name: String, ranks: Int) -> Int32? {
        let descriptor = shm_open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return nil }
        let (head, part) = sizes(ranks)
        guard ftruncate(descriptor, head + ranks * part) == 0, posix_fallocate(descriptor, 0, head) == 0 else {
            close(descriptor)
            shm_unlink(name)
            return nil
        }
        return descriptor
    }

    /// Opens the object of a name; nil if there is none.
    static func open(name: String) -> Int32? {
        let descriptor = shm_open(name, O_RDWR | O_CLOEXEC, 0)
        return descriptor >= 0 ? descriptor : nil
    }

    /// Takes the name away; the memory lives as long as somebody maps it.
    static func forget(name: String) { shm_unlink(name) }

    // More than the machine has never fits; half of the address space is left to others.
    private static func sizes(_ ranks: Int) -> (head: Int, part: Int) {
        let head = (ExchangeBoard.byteCount(ranks: ranks) + grain - 1) / grain * grain
        let machine = sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
        return (head, max(1, min(machine, (1 << 46) / ranks) / grain) * grain)
    }

    /// The flags.
    var board: ExchangeBoard { ExchangeBoard(ranks: ranks, at: address(0)) }

    /// Zeros in this rank's part, or nil if the system has no such memory left.
    func makeBuffer(count: Int) -> FlatBuffer? {
        let byteCount = count * MemoryLayout<Float>.stride
        guard count > 0, let range = take(byteCount) else { return nil }
        let start = headBytes + own * partBytes + range.lowerBound
        guard posix_fallocate(descriptor, start, range.count) == 0 else {
            giveBack(range)
            return nil
        }
        let storage = Storage(byteCount: byteCount, address: address(start)) { [self] in giveBack(range) }
        return FlatBuffer(storage)
    }

    /// Where a buffer lies in this rank's part, in bytes; nil if it lies elsewhere.
    func place(of buffer: FlatBuffer) -> Int? {
        let start = Int(bitPattern: buffer.region.address) - Int(bitPattern: values(of: own, at: 0))
        return start >= 0 && start < partBytes ? start : nil
    }

    /// The values of a rank that lie at a place of its part.
    func values(of rank: Int, at place: Int) -> UnsafeMutablePointer<Float> {
        address(headBytes + rank * partBytes + place).assumingMemoryBound(to: Float.self)
    }

    private func address(_ offset: Int) -> UnsafeMutableRawPointer {
        guard let start = UnsafeMutableRawPointer(bitPattern: base) else { preconditionFailure("a window at 0") }
        return start + offset
    }

    private func take(_ byteCount: Int) -> Range<Int>? {
        let size = (byteCount + Self.grain - 1) / Self.grain * Self.grain
        return taken.withLock { taken in
            var start = 0
            var index = 0
            while index < taken.count, taken[index].lowerBound - start < size {
                start = taken[index].upperBound
                index += 1
            }
            guard start + size <= partBytes else { return nil }
            taken.insert(start..<(start + size), at: index)
            return start..<(start + size)
        }
    }

    // Pages that are taken again must hold zeros, and those that are not must be free for others.
    private func giveBack(_ range: Range<Int>) {
        let start = headBytes + own * partBytes + range.lowerBound
        madvise(address(start), range.count, MADV_REMOVE)
        taken.withLock { $0.removeAll { $0 == range } }
    }
}
