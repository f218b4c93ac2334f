import Buffers

/// A keyed permutation of `0..<count` that needs no table.
///
/// A balanced Feistel network permutes the numbers of an even count of bits; a result outside the range goes through
/// the network again until it falls inside ("cycle walking"). The domain is less than four times the range, so four
/// passes suffice on average.
///
/// Source: Black and Rogaway, "Ciphers with arbitrary finite domains", CT-RSA 2002, sections 3 and 4.
struct KeyedPermutation: Sendable {
    private static let rounds = 12

    let count: UInt64
    private let halfBits: UInt64
    private let keys: [UInt64]

    /// Takes the keys of the rounds from `random`; `count` must be at least 1 and at most 2^62.
    init(count: UInt64, using random: inout RandomStream) {
        precondition(count >= 1 && count <= 1 << 62, "permutation of \(count)")
        self.count = count
        let bits = UInt64(UInt64.bitWidth - (count - 1).leadingZeroBitCount)
        halfBits = max(1, (bits + 1) / 2)
        keys = (0..<KeyedPermutation.rounds).map { _ in random.next() }
    }

    /// The place of `index`, which must be below `count`.
    func callAsFunction(_ index: UInt64) -> UInt64 {
        precondition(index < count, "index \(index) of \(count)")
        var value = index
        repeat { value = network(value) } while value >= count
        return value
    }

    private func network(_ value: UInt64) -> UInt64 {
        let mask = (UInt64(1) << halfBits) - 1
        var left = value >> halfBits
        var right = value & mask
        for key in keys {
            (left, right) = (right, left ^ (KeyedPermutation.mix(right ^ key) & mask))
        }
        return left << halfBits | right
    }

    // The finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014); the low bits depend on every bit of the input.
    private static func mix(_ value: UInt64) -> UInt64 {
        var z = value &+ 0x9e37_79b9_7f4a_7c15
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

/// Which record each sample of a run's endless order is: epoch after epoch, each a permutation of the data.
///
/// A pure function of (seed, epoch, place in the epoch): it has no state, so any machine finds any sample's record
/// without those before it.
public struct DataOrder: Sendable {
    /// The number of records, at least 1.
    public let count: UInt64
    /// The run's seed.
    public let seed: UInt64

    /// An order of `count` records, at least 1.
    public init(seed: UInt64, count: Int) {
        precondition(count >= 1, "an order of \(count) records")
        self.seed = seed
        self.count = UInt64(count)
    }

    /// The epoch that a sample belongs to, counted from 0.
    public func epoch(of sample: UInt64) -> UInt64 {
        sample / count
    }

    /// The record that a sample is, in `0..<count`.
    public func record(of sample: UInt64) -> Int {
        Int(permutation(epoch(of: sample))(sample % count))
    }

    /// The records of a run of samples; the same as asking for each, but keys are made once an epoch.
    public func records(of samples: Range<UInt64>) -> [Int] {
        var result: [Int] = []
        result.reserveCapacity(samples.count)
        var next = samples.lowerBound
        while next < samples.upperBound {
            let epoch = epoch(of: next)
            let permutation = permutation(epoch)
            // The end of the epoch may lie beyond the largest number there is.
            let (border, overflows) = (epoch + 1).multipliedReportingOverflow(by: count)
            let end = overflows ? samples.upperBound : min(samples.upperBound, border)
            while next < end {
                result.append(Int(permutation(next % count)))
                next += 1
            }
        }
        return result
    }

    private func permutation(_ epoch: UInt64) -> KeyedPermutation {
        var random = RandomStream(seed: seed, purpose: .order, index: epoch)
        return KeyedPermutation(count: count, using: &random)
    }
}
