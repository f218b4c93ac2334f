/// Which member reduces which range of the values, and in which parts; the same on all members.
///
/// Every member receives the others' values of its own share, reduces them and sends the result back: each value crosses the network
/// `2 (n - 1) / n` times, as in a ring, but in two hops.
public struct PartitionPlan: Sendable, Equatable {
    /// The range that each rank reduces; consecutive, together all values; empty for a member too slow to reduce.
    public let shares: [Range<Int>]
    /// The values of a part; the last part of a share may have fewer.
    public let partSize: Int

    /// Splits `count` values in proportion to `fractions`, which add up to 1; shares begin at multiples of `grain`.
    public init(count: Int, fractions: [Double], partSize: Int, grain: Int = leastGrain) {
        precondition(count >= 0 && partSize > 0 && !fractions.isEmpty, "\(count) values, parts of \(partSize)")
        self.partSize = partSize
        var shares: [Range<Int>] = []
        var start = 0
        var sum = 0.0
        for (rank, fraction) in fractions.enumerated() {
            sum += fraction
            let isLast = fractions[(rank + 1)...].allSatisfy { $0 == 0 }
            let end = isLast ? count : min(count, max(start, Self.aligned(Double(count) * sum, to: grain)))
            shares.append(start..<end)
            start = end
        }
        self.shares = shares
    }

    /// The plan of a round: shares by the members' bandwidths, parts of at most 512 KiB after compression.
    public init(count: Int, members: [RoundMember], compression: any Compression) {
        let fractions = Self.fractions(bandwidths: members.map(\.bandwidth), count: count)
        let (partSize, grain) = (Self.partSize(of: compression), Self.grain(of: compression))
        self.init(count: count, fractions: fractions, partSize: partSize, grain: grain)
    }

    /// The number of parts in a rank's share.
    public func partCount(of rank: Int) -> Int {
        (shares[rank].count + partSize - 1) / partSize
    }

    /// The values of one part.
    public func part(_ index: Int, of rank: Int) -> Range<Int> {
        let start = shares[rank].lowerBound + index * partSize
        return start..<min(start + partSize, shares[rank].upperBound)
    }

    /// The number of the part that covers exactly these values, if there is one.
    public func index(of range: Range<Int>, in rank: Int) -> Int? {
        let offset = range.lowerBound - shares[rank].lowerBound
        guard offset >= 0, offset % partSize == 0 else { return nil }
        let index = offset / partSize
        guard index < partCount(of: rank), part(index, of: rank) == range else { return nil }
        return index
    }

    private static func aligned(_ position: Double, to grain: Int) -> Int {
        Int((position / Double(grain)).rounded()) * grain
    }
}

extension PartitionPlan {
    /// The largest payload of a part in bytes.
    public static let largestPart = 512 * 1024
    /// Shares begin at multiples of 16 values, so that vector loads of a share are aligned where the buffer is.
    public static let leastGrain = 16
    /// Shares of fewer values than this are not worth a message; their member reduces nothing.
    static let smallestShare = 1024

    /// The share of each member that makes the slowest one finish first: `w_i` of the minimum of `max (1 + (n - 2) w_i) / b_i`.
    ///
    /// The optimum fills all members to one level `x`: `w_i = max(0, (x b_i - 1) / (n - 2))`, with `x` such that the shares add up to 1.
    /// An unknown bandwidth counts as the mean of the known ones, 0 as a member that reduces nothing. For two members every split takes
    /// as long, so the shares are equal.
    public static func fractions(bandwidths: [Double?], count: Int) -> [Double] {
        let known = bandwidths.compactMap { $0 }
        let mean = known.isEmpty ? 1 : known.reduce(0, +) / Double(known.count)
        var links = bandwidths.map { $0 ?? mean }
        if links.allSatisfy({ $0 == 0 }) { links = links.map { _ in 1 } }
        var fractions = filled(links)
        // Dropping a share enlarges the others, so one pass from the smallest is enough.
        while let least = fractions.indices.filter({ fractions[$0] > 0 }).min(by: { fractions[$0] < fractions[$1] }),
            fractions.count(where: { $0 > 0 }) > 1, fractions[least] * Double(count) < Double(smallestShare)
        {
            links[least] = 0
            fractions = filled(links)
        }
        return fractions
    }

    private static func filled(_ links: [Double]) -> [Double] {
        let active = links.count { $0 > 0 }
        guard links.count > 2, active > 1 else { return links.map { $0 > 0 ? 1 / Double(active) : 0 } }
        let others = Double(links.count - 2)
        let largest = links.reduce(0, max)
        let relative = links.map { $0 / largest }
        func shares(_ level: Double) -> [Double] { relative.map { max(0, (level * $0 - 1) / others) } }
        // The sum grows with the level: below 1 at level 1, and at least 1 where the fastest member alone reduces everything.
        var low = 1.0
        var high = 1.0 + others
        for _ in 0..<100 {
            let middle = (low + high) / 2
            if shares(middle).reduce(0, +) < 1 { low = middle } else { high = middle }
        }
        let result = shares(high)
        let sum = result.reduce(0, +)
        return result.map { $0 / sum }
    }

    /// The values at whose multiples the shares and parts of a codec begin: at least 16, and whole blocks.
    public static func grain(of compression: any Compression) -> Int {
        let alignment = compression.alignment
        precondition(alignment > 0 && 4096 % alignment == 0, "parts that begin at multiples of \(alignment)")
        return max(leastGrain, alignment)
    }

    /// The most values, a multiple of the codec's grain, whose bytes and those of whose mean fit in a part; at most 2^20.
    public static func partSize(of compression: any Compression) -> Int {
        let (mean, grain) = (compression.forMean, grain(of: compression))
        func fits(_ count: Int) -> Bool {
            max(compression.maximumSize(of: count), mean.maximumSize(of: count)) <= largestPart
        }
        var low = 1
        var high = (1 << 20) / grain
        while low < high {
            let middle = (low + high + 1) / 2
            if fits(grain * middle) { low = middle } else { high = middle - 1 }
        }
        return grain * low
    }
}
