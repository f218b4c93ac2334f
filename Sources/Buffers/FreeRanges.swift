/// Which parts of a segment of memory are free, as offsets in bytes.
///
/// Blocks come from the smallest free part that holds them. The part at the end, beyond the last block in use, is only taken where nothing
/// else fits: what is given out then depends on the requests alone, not on how far the segment was used before, so that the second of equal
/// steps gets the places of the first.
struct FreeRanges {
    /// Bytes of the segment.
    let capacity: Int
    /// Everything beyond was never given out.
    private(set) var mark = 0
    /// Free parts below the mark, in order; no two of them touch.
    private var holes: [Range<Int>] = []

    /// A segment of which nothing is in use.
    init(capacity: Int) {
        self.capacity = capacity
    }

    /// Whether nothing is in use.
    var isEmpty: Bool { mark == 0 || holes == [0..<mark] }

    /// Takes `size` bytes, more than 0; nil if they do not fit.
    ///
    /// - Returns: Their offset, and whether some of them were never given out before.
    mutating func take(_ size: Int) -> (offset: Int, isFresh: Bool)? {
        let end = tail
        let inner = holes.last?.upperBound == mark ? holes.count - 1 : holes.count
        var best: Int?
        for index in 0..<inner where holes[index].count >= size {
            if let best, holes[best].count <= holes[index].count { continue }
            best = index
        }
        if let best { return (cut(size, from: best), false) }
        guard size <= capacity - end else { return nil }
        let isFresh = end + size > mark
        if end < mark { _ = isFresh ? holes.removeLast().lowerBound : cut(size, from: holes.count - 1) }
        mark = max(mark, end + size)
        return (end, isFresh)
    }

    /// Gives a block back that was taken as a whole.
    mutating func giveBack(_ block: Range<Int>) {
        var (low, high) = (0, holes.count)
        while low < high {
            let middle = (low + high) / 2
            if holes[middle].lowerBound < block.lowerBound { low = middle + 1 } else { high = middle }
        }
        let follows = low < holes.count && holes[low].lowerBound == block.upperBound
        let precedes = low > 0 && holes[low - 1].upperBound == block.lowerBound
        let end = follows ? holes[low].upperBound : block.upperBound
        if precedes {
            holes[low - 1] = holes[low - 1].lowerBound..<end
            if follows { holes.remove(at: low) }
        } else if follows {
            holes[low] = block.lowerBound..<end
        } else {
            holes.insert(block, at: low)
        }
    }

    /// Where the part at the end begins.
    private var tail: Int {
        guard let last = holes.last, last.upperBound == mark else { return mark }
        return last.lowerBound
    }

    private mutating func cut(_ size: Int, from index: Int) -> Int {
        let hole = holes[index]
        if hole.count == size {
            holes.remove(at: index)
        } else {
            holes[index] = hole.lowerBound + size..<hole.upperBound
        }
        return hole.lowerBound
    }
}
