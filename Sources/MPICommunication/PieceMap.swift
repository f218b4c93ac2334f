/// Which member adds up which values of a range of a buffer.
///
/// The whole buffer is cut into pieces of one size, which are dealt out to the members in turn. So the owner of a value and the bounds of
/// its piece depend on its place in the buffer alone, not on the ranges in which the buffer is exchanged.
struct PieceMap: Equatable {
    /// The values of a piece, a multiple of `grain`.
    let pieceSize: Int
    private let members: Int
    private let range: Range<Int>

    /// Pieces begin at multiples of this many values, so that blocks of a codec whose size divides it are never cut.
    static let grain = 4096
    /// The most values of a piece: 1 MiB.
    static let largestPiece = 1 << 18
    /// The values below which halves of a piece cost more time in messages than they save: 512 KiB.
    static let smallestHalf = 1 << 17

    /// The pieces of a range of a buffer of `total` values, shared by so many members.
    init(range: Range<Int>, total: Int, members: Int) {
        precondition(members > 0 && range.lowerBound >= 0 && range.upperBound <= total, "\(range) of \(total)")
        self.range = range
        self.members = members
        pieceSize = Self.pieceSize(total: total, members: members)
    }

    /// Every member has the same number of pieces, but for the last ones; several where there is enough, so that adding overlaps with sending.
    static func pieceSize(total: Int, members: Int) -> Int {
        let share = (total + members - 1) / members
        let piece = min(share, min(largestPiece, max(smallestHalf, share / 4)))
        return max(1, (piece + grain - 1) / grain) * grain
    }

    /// How many pieces of the range a member owns.
    func count(of member: Int) -> Int {
        let end = (range.upperBound + pieceSize - 1) / pieceSize
        let first = firstPiece(of: member)
        return range.isEmpty || first >= end ? 0 : (end - first + members - 1) / members
    }

    /// The values of one of a member's pieces, counted from the start of the buffer.
    func piece(_ index: Int, of member: Int) -> Range<Int> {
        let start = (firstPiece(of: member) + index * members) * pieceSize
        return max(start, range.lowerBound)..<min(start + pieceSize, range.upperBound)
    }

    private func firstPiece(of member: Int) -> Int {
        let start = range.lowerBound / pieceSize
        return start + (member - start % members + members) % members
    }
}
