import COpenMPI

/// What the ranks of a host tell each other about means under way: flags and counters in memory that all of them map.
///
/// A mean has a number, the same on all ranks, and uses the slot `number % slots`. Every flag holds the number of the mean that set it, so
/// that none has to be cleared; a slot is used again only when all ranks have left its last mean.
struct ExchangeBoard {
    /// Means that may be under way at once.
    static let slots = 4

    private static let line = 64
    private static let readyBytes = BucketPlan.limit * MemoryLayout<UInt32>.stride

    /// The ranks that share the board.
    let ranks: Int
    private let base: UnsafeMutableRawPointer

    /// A board in memory of zeros, `byteCount(ranks:)` bytes of it.
    init(ranks: Int, at base: UnsafeMutableRawPointer) {
        self.ranks = ranks
        self.base = base
    }

    /// The bytes of a board.
    static func byteCount(ranks: Int) -> Int { ranks * Bell.byteCount + slots * slotBytes(ranks) }

    private static func slotBytes(_ ranks: Int) -> Int { ranks * (line + readyBytes) + BucketPlan.limit * line }

    /// The bell of a rank.
    func bell(of rank: Int) -> Bell { Bell(base + rank * Bell.byteCount) }

    /// Wakes all ranks but one.
    func ring(except own: Int) {
        for rank in 0..<ranks where rank != own { bell(of: rank).ring() }
    }

    /// The part of the board of one mean.
    func slot(of number: UInt32) -> ExchangeSlot {
        let bytes = Self.slotBytes(ranks)
        let start = base + ranks * Bell.byteCount + Int(number) % Self.slots * bytes
        return ExchangeSlot(
            number: number,
            headers: start,
            ready: start + ranks * Self.line,
            buckets: start + ranks * (Self.line + Self.readyBytes)
        )
    }
}

/// What one rank brings to a mean.
struct ExchangeHeader: Equatable {
    /// The number of values.
    var count: Int
    /// Where they lie in the rank's part of the shared memory, in bytes; below 0: elsewhere.
    var place: Int
    /// Their weight.
    var weight: Float

    /// The place of values outside of shared memory.
    static let elsewhere = -1
}

/// The flags of one mean.
struct ExchangeSlot {
    /// The number of the mean.
    let number: UInt32
    fileprivate let headers: UnsafeMutableRawPointer
    fileprivate let ready: UnsafeMutableRawPointer
    fileprivate let buckets: UnsafeMutableRawPointer

    /// The steps of a bucket that are shared out in chunks.
    enum Step: Int {
        /// The sum over the ranks of the host.
        case sum
        /// The sum over all hosts, divided, to all ranks of the host.
        case spread
    }

    /// Whether the slot's last mean has been left by a rank.
    func wasLeft(by rank: Int) -> Bool {
        let last = number > UInt32(ExchangeBoard.slots) ? number - UInt32(ExchangeBoard.slots) : 0
        return word_load(header(rank) + 1) == last
    }

    /// Marks that a rank will read nothing of this mean any more.
    func leave(_ rank: Int) { word_store(header(rank) + 1, number) }

    /// Shows what a rank brings.
    func publish(_ value: ExchangeHeader, of rank: Int) {
        UnsafeMutableRawPointer(header(rank)).storeBytes(of: value, toByteOffset: 16, as: ExchangeHeader.self)
        word_store(header(rank), number)
    }

    /// What a rank brings, once it has shown it.
    func published(by rank: Int) -> ExchangeHeader? {
        guard word_load(header(rank)) == number else { return nil }
        return UnsafeMutableRawPointer(header(rank)).load(fromByteOffset: 16, as: ExchangeHeader.self)
    }

    /// Marks that the rank's values of a bucket are final.
    func markReady(_ bucket: Int, of rank: Int) { word_store(readyWord(bucket, rank), number) }

    /// Whether the rank's values of a bucket are final.
    func isReady(_ bucket: Int, of rank: Int) -> Bool { word_load(readyWord(bucket, rank)) == number }

    /// Takes the next chunk of a bucket, of `count`; nil if all are taken.
    func claim(_ step: Step, of bucket: Int, count: Int) -> Int? {
        let word = counter(bucket, 2 * step.rawValue)
        while true {
            let value = long_word_load(word)
            let last = number(in: value)
            let next = last == number ? Int(value & 0xffff_ffff) : 0
            // A thread that comes late, when the slot serves another mean already, finds nothing to do.
            guard last <= number, next < count else { return nil }
            if long_word_replace(word, value, stamped(next + 1)) { return next }
        }
    }

    /// Counts a chunk as done; `isFinite` says whether its values were.
    func finish(_ step: Step, of bucket: Int, isFinite: Bool) {
        let word = counter(bucket, 2 * step.rawValue + 1)
        while true {
            let value = long_word_load(word)
            let old = number(in: value) == number ? Int(value & 0xffff_ffff) : 0
            // The lowest bit says that something was not finite; chunks are counted above it.
            if long_word_replace(word, value, stamped((old + 2) | (isFinite ? 0 : 1))) { return }
        }
    }

    /// The chunks of a bucket that are done, and whether all their values were finite.
    func finished(_ step: Step, of bucket: Int) -> (chunks: Int, isFinite: Bool) {
        let value = long_word_load(counter(bucket, 2 * step.rawValue + 1))
        guard number(in: value) == number else { return (0, true) }
        return (Int(value & 0xffff_ffff) >> 1, value & 1 == 0)
    }

    /// Marks that the sum over all hosts is in the leader's values.
    func markExchanged(_ bucket: Int) { word_store(exchanged(bucket), number) }

    /// Whether the sum over all hosts is in the leader's values.
    func isExchanged(_ bucket: Int) -> Bool { word_load(exchanged(bucket)) == number }

    private func stamped(_ value: Int) -> UInt64 { UInt64(number) << 32 | UInt64(value) }

    private func number(in word: UInt64) -> UInt32 { UInt32(word >> 32) }

    private func header(_ rank: Int) -> UnsafeMutablePointer<UInt32> {
        (headers + rank * 64).assumingMemoryBound(to: UInt32.self)
    }

    private func readyWord(_ bucket: Int, _ rank: Int) -> UnsafeMutablePointer<UInt32> {
        (ready + (rank * BucketPlan.limit + bucket) * 4).assumingMemoryBound(to: UInt32.self)
    }

    private func counter(_ bucket: Int, _ index: Int) -> UnsafeMutablePointer<UInt64> {
        (buckets + bucket * 64 + index * 8).assumingMemoryBound(to: UInt64.self)
    }

    private func exchanged(_ bucket: Int) -> UnsafeMutablePointer<UInt32> {
        (buckets + bucket * 64 + 32).assumingMemoryBound(to: UInt32.self)
    }
}
