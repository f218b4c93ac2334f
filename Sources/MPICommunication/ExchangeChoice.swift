import Communication

/// One way to form means: a path and the size of the buckets.
struct ExchangeCandidate: Hashable {
    /// `memory` or `network`.
    var path: ExchangePath
    /// Bytes of float32 in a bucket.
    var bucketBytes: Int
}

/// The way in which the ranks of a job form means, found by trying.
///
/// It never changes a bit of a mean.
struct ExchangeChoice: Equatable {
    /// The chosen way.
    let candidate: ExchangeCandidate
    /// The shortest time of a way on each path that was tried, in seconds, in the order of trying.
    let measured: [Measurement]

    /// The time of a way.
    struct Measurement: Equatable {
        let candidate: ExchangeCandidate
        var seconds: Double
    }

    /// The bytes of a mean that is measured.
    static let trialBytes = 4 << 20
    /// The sizes of buckets that are tried, the usual one first.
    static let bucketSizes = [1 << 20, 4 << 20, 512 << 10, 2 << 20]
    /// Seconds that trying may take, but for the first mean of each path.
    static let budget = 0.3
    /// The means of one way; the shortest counts, because others disturb but never help.
    private static let repetitions = 3
    /// A way must be faster by this factor to be preferred to one tried before: within it, noise decides.
    private static let margin = 0.95

    /// Tries what the options leave open.
    ///
    /// All ranks call it with the same options and paths (`available`, none of them `automatic`, at least one, the usual one first).
    /// `measure` forms a mean of `trialBytes` in that way, the same one on all ranks, and returns its seconds; `agree` returns rank 0's
    /// number on all ranks. Every decision follows from agreed numbers, so all ranks try and choose the same.
    static func choose(
        _ options: ExchangeOptions,
        available: [ExchangePath],
        measure: (ExchangeCandidate) throws(CommunicationError) -> Double,
        agree: (Double) throws(CommunicationError) -> Double
    ) throws(CommunicationError) -> ExchangeChoice {
        precondition(!available.isEmpty && !available.contains(.automatic), "paths \(available)")
        // A path that is asked for but not there gives way to one that is: the bits are the same.
        let paths = available.contains(options.path) ? [options.path] : available
        // Rounding by a codec may depend on where buckets are cut, and bits must not depend on a clock.
        let isExact = options.compression is Float32Compression
        let sizes = options.bucketBytes.map { [$0] } ?? (isExact ? bucketSizes : [bucketSizes[0]])
        guard paths.count * sizes.count > 1 else {
            return ExchangeChoice(candidate: ExchangeCandidate(path: paths[0], bucketBytes: sizes[0]), measured: [])
        }
        var trial = Trial()
        func take(_ path: ExchangePath, _ size: Int) throws(CommunicationError) {
            let candidate = ExchangeCandidate(path: path, bucketBytes: size)
            while trial.hasTime(for: candidate) {
                trial.note(candidate, try agree(measure(candidate)))
            }
        }
        for path in paths { try take(path, sizes[0]) }
        // Buckets change less than a path does: only those of the better path are tried.
        let path = trial.best.candidate.path
        for size in sizes.dropFirst() { try take(path, size) }
        return ExchangeChoice(candidate: trial.best.candidate, measured: trial.measured)
    }

    /// Times so far.
    private struct Trial {
        private(set) var measured: [Measurement] = []
        private var count = 0
        private var spent = 0.0

        /// Whether a way is measured, once more or at all: the first way of a path in any case.
        func hasTime(for candidate: ExchangeCandidate) -> Bool {
            if measured.last?.candidate == candidate { return count < repetitions && spent < budget }
            return spent < budget || !measured.contains { $0.candidate.path == candidate.path }
        }

        mutating func note(_ candidate: ExchangeCandidate, _ seconds: Double) {
            spent += seconds
            if let last = measured.last, last.candidate == candidate {
                count += 1
                measured[measured.count - 1].seconds = min(last.seconds, seconds)
            } else {
                count = 1
                measured.append(Measurement(candidate: candidate, seconds: seconds))
            }
        }

        /// The first way but for those that are clearly faster.
        var best: Measurement {
            measured.dropFirst().reduce(measured[0]) { $1.seconds < margin * $0.seconds ? $1 : $0 }
        }
    }
}

extension ExchangeChoice: CustomStringConvertible {
    /// One line: the way, its time, and the time of the other path if that was tried.
    var description: String {
        let way = "means \(Self.words(candidate.path)) in buckets of \(Self.size(candidate.bucketBytes))"
        guard let own = measured.first(where: { $0.candidate == candidate }) else { return way }
        var line = "\(way): \(Self.time(own.seconds)) for \(Self.size(Self.trialBytes))"
        if let other = measured.filter({ $0.candidate.path != candidate.path }).min(by: { $0.seconds < $1.seconds }) {
            line += ", \(Self.time(other.seconds)) \(Self.words(other.candidate.path))"
        }
        return line
    }

    private static func words(_ path: ExchangePath) -> String {
        path == .memory ? "through shared memory" : "over the network"
    }

    private static func size(_ bytes: Int) -> String {
        if bytes.isMultiple(of: 1 << 20) { return "\(bytes >> 20) MiB" }
        return bytes.isMultiple(of: 1 << 10) ? "\(bytes >> 10) KiB" : "\(bytes) bytes"
    }

    private static func time(_ seconds: Double) -> String {
        "\((seconds * 1e5).rounded() / 100) ms"
    }
}
