import CKernels

/// One mean over the ranks of a host, computed in their memory, as a machine that several threads and processes advance together.
///
/// A bucket is summed as soon as all ranks have marked it ready: whoever has time takes one chunk after the other, reads it from all ranks
/// in their order and writes the mean to all of them. With other hosts the sum of the host goes to the leader, rank 0 of the host; when the
/// leader has exchanged it with the others, the sum of all is divided and spread in the same way. Who takes a chunk changes no bit.
struct HostMean {
    /// The flags.
    let slot: ExchangeSlot
    /// The buckets.
    let plan: BucketPlan
    /// The values of every rank of the host.
    let values: [UnsafeMutablePointer<Float>]
    /// Their weights.
    let weights: [Float]
    /// The sum of the weights of all hosts.
    let totalWeight: Float
    /// Whether there are other hosts.
    let isExchanged: Bool
    /// What each rank of the host needs of the mean; nil: everything.
    let parts: [Range<Int>]?

    /// What one thread knows of the progress.
    struct Walk {
        fileprivate(set) var isSummed: [Bool]
        fileprivate(set) var isDone: [Bool]
        fileprivate(set) var open: Int
        fileprivate var first = 0
        /// Whether all values that were summed so far are finite.
        fileprivate(set) var isFinite = true

        /// The walk of a thread that has seen nothing yet.
        init(_ plan: BucketPlan) {
            isSummed = Array(repeating: false, count: plan.buckets)
            isDone = isSummed
            open = plan.buckets
        }
    }

    /// Buckets beyond the first open one that are looked at.
    private static let lookahead = 32

    /// Does what can be done now; answers whether anything has moved.
    func advance(_ walk: inout Walk) -> Bool {
        var moved = false
        while walk.first < plan.buckets, walk.isDone[walk.first] { walk.first += 1 }
        for bucket in walk.first..<min(plan.buckets, walk.first + Self.lookahead) where !walk.isDone[bucket] {
            if !walk.isSummed[bucket] {
                guard isReady(bucket) else { continue }
                if work(.sum, bucket) { moved = true }
                let (chunks, isFinite) = slot.finished(.sum, of: bucket)
                guard chunks == plan.chunks(of: bucket) else { continue }
                walk.isSummed[bucket] = true
                walk.isFinite = walk.isFinite && isFinite
                moved = true
            }
            if isExchanged {
                guard slot.isExchanged(bucket) else { continue }
                if work(.spread, bucket) { moved = true }
                guard slot.finished(.spread, of: bucket).chunks == plan.chunks(of: bucket) else { continue }
            }
            walk.isDone[bucket] = true
            walk.open -= 1
            moved = true
        }
        return moved
    }

    private func isReady(_ bucket: Int) -> Bool {
        for rank in values.indices where !slot.isReady(bucket, of: rank) { return false }
        return true
    }

    private func work(_ step: ExchangeSlot.Step, _ bucket: Int) -> Bool {
        let count = plan.chunks(of: bucket)
        var moved = false
        while let chunk = slot.claim(step, of: bucket, count: count) {
            let range = plan.range(ofChunk: chunk, of: bucket)
            slot.finish(step, of: bucket, isFinite: compute(step, range))
            moved = true
        }
        return moved
    }

    private func compute(_ step: ExchangeSlot.Step, _ range: Range<Int>) -> Bool {
        switch step {
        case .sum where isExchanged:
            combine(values, weights: weights, divisor: 1, range, into: [values[0]])
        case .sum:
            combineParts(values, weights: weights, range)
        case .spread:
            combineParts([values[0]], weights: [1], range)
        }
    }

    private func combineParts(
        _ sources: [UnsafeMutablePointer<Float>],
        weights: [Float],
        _ range: Range<Int>
    ) -> Bool {
        guard let parts else {
            return combine(sources, weights: weights, divisor: totalWeight, range, into: values)
        }
        var isFinite = true
        for (rank, part) in parts.enumerated() {
            let shared = part.clamped(to: range)
            guard !shared.isEmpty else { continue }
            let isPartFinite = combine(sources, weights: weights, divisor: totalWeight, shared, into: [values[rank]])
            isFinite = isFinite && isPartFinite
        }
        return isFinite
    }

    private func combine(
        _ sources: [UnsafeMutablePointer<Float>],
        weights: [Float],
        divisor: Float,
        _ range: Range<Int>,
        into targets: [UnsafeMutablePointer<Float>]
    ) -> Bool {
        let from: [UnsafePointer<Float>?] = sources.map { UnsafePointer($0 + range.lowerBound) }
        let to: [UnsafeMutablePointer<Float>?] = targets.map { $0 + range.lowerBound }
        return ck_weighted_mean(from, weights, from.count, divisor, to, to.count, range.count)
    }
}
