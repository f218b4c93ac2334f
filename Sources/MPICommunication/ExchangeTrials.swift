import Communication

/// Finds the fastest of the ways that are open to the ranks of a job, by trying them.
///
/// First a small mean on each path tells how many values may be tried, then paths take turns, then buckets on the better path. Buckets
/// larger than the usual ones are not tried: they can only win where nothing is computed beside the exchange, because a bucket is not
/// exchanged before all of it is there.
struct ExchangeTrials {
    /// The paths that are open, neither of them `automatic`, the usual one first.
    let paths: [ExchangePath]
    /// Bytes of a bucket, if they are fixed.
    let bucket: Int?
    /// The number of values of the means that are to come, above 0.
    let count: Int

    /// The most values of a mean that is tried: 16 MiB.
    static let largestCount = 4 << 20
    /// Values of the first means: 256 KiB.
    static let probeCount = 64 << 10
    /// Bytes of the buckets that are tried, the usual ones first.
    static let buckets = [RankGroup.standardBucketBytes, 1 << 20, 256 << 10]
    /// Seconds that one mean should take at most.
    private static let meanSeconds = 0.03
    /// Seconds after which paths, and then buckets, are tried no more than once.
    private static let (pathSeconds, bucketSeconds) = (0.25, 0.5)
    /// The means of one way; the shortest counts, because others disturb but never help.
    private static let rounds = 5
    /// A way must be faster by this factor to be preferred to one before it: within it, noise decides.
    private static let margin = 0.9

    /// Forms a mean of so many values in a way, and answers the seconds of the slowest rank: the same number on all ranks.
    typealias Measure = (ExchangeWay, Int) throws(CommunicationError) -> Double

    /// Whether there is anything to choose.
    var isOpen: Bool { paths.count > 1 || buckets(for: min(count, Self.largestCount)).count > 1 }

    /// Tries what is open; all ranks call it, and as every decision follows from the same numbers, all try and choose the same.
    func run(_ measure: Measure) throws(CommunicationError) -> ExchangeChoice {
        precondition(count > 0 && !paths.isEmpty && !paths.contains(.automatic), "\(paths) for \(count) values")
        let usual = ExchangeWay(path: paths[0], bucket: bucket ?? Self.buckets[0])
        guard isOpen else { return ExchangeChoice(usual) }
        let (count, spent) = try probe(usual, measure)
        var record = Record(spent: spent)
        let ways = paths.map { ExchangeWay(path: $0, bucket: usual.bucket) }
        let path = try compare(ways, of: count, until: Self.pathSeconds, &record, measure).path
        let sizes = buckets(for: count).map { ExchangeWay(path: path, bucket: $0) }
        let best = try compare(sizes, of: count, until: Self.bucketSeconds, &record, measure)
        // A network may be too slow for means that the sizes of buckets cut differently.
        guard !record.trials.isEmpty else { return ExchangeChoice(best) }
        return ExchangeChoice(best, trialBytes: count * MemoryLayout<Float>.stride, trials: record.trials)
    }

    /// The sizes of buckets that cut so many values differently.
    private func buckets(for count: Int) -> [Int] {
        if let bucket { return [bucket] }
        var seen: Set<Int> = []
        return Self.buckets.filter { seen.insert(BucketPlan(count: count, bytes: $0).buckets).inserted }
    }

    /// How many values may be tried on a path of this speed, and the seconds that finding it took.
    private func probe(_ usual: ExchangeWay, _ measure: Measure) throws(CommunicationError) -> (count: Int, Double) {
        let small = min(count, Self.probeCount)
        var (slowest, spent) = (0.0, 0.0)
        for path in paths {
            // The first one makes connections.
            let first = try measure(ExchangeWay(path: path, bucket: usual.bucket), small)
            let second = try measure(ExchangeWay(path: path, bucket: usual.bucket), small)
            slowest = max(slowest, second)
            spent += first + second
        }
        let fitting = Double(small) * Self.meanSeconds / max(slowest, 1e-9)
        let largest = min(count, Self.largestCount)
        guard fitting < Double(largest) else { return (largest, spent) }
        return (max(small, Int(fitting) / BucketPlan.grain * BucketPlan.grain), spent)
    }

    /// Tries ways in turn, so that what disturbs disturbs all; answers the first one but for those that are clearly faster.
    private func compare(
        _ ways: [ExchangeWay],
        of count: Int,
        until limit: Double,
        _ record: inout Record,
        _ measure: Measure
    ) throws(CommunicationError) -> ExchangeWay {
        guard ways.count > 1 else { return ways[0] }
        var round = 0
        repeat {
            for way in ways { record.note(way, try measure(way, count)) }
            round += 1
        } while round < Self.rounds && record.spent < limit
        return ways.dropFirst().reduce(ways[0]) { best, way in
            record.seconds(way) < Self.margin * record.seconds(best) ? way : best
        }
    }

    /// Times so far.
    private struct Record {
        private(set) var trials: [ExchangeChoice.Trial] = []
        private(set) var spent: Double

        init(spent: Double) {
            self.spent = spent
        }

        mutating func note(_ way: ExchangeWay, _ seconds: Double) {
            spent += seconds
            if let index = trials.firstIndex(where: { $0.way == way }) {
                trials[index].seconds = min(trials[index].seconds, seconds)
            } else {
                trials.append(ExchangeChoice.Trial(way, seconds: seconds))
            }
        }

        func seconds(_ way: ExchangeWay) -> Double {
            trials.first { $0.way == way }?.seconds ?? .infinity
        }
    }
}

extension Communicator {
    /// The longest of the members' times, the same number on all of them.
    func slowest(_ seconds: Double) throws(CommunicationError) -> Double {
        var all = [Double](repeating: 0, count: size)
        all[rank] = seconds
        return try sum(all).max() ?? seconds
    }
}
