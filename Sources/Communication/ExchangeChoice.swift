import Configs

/// A way for the ranks of a cluster to form means; which one it is changes no bit of a mean.
public struct ExchangeWay: Hashable, Codable, Sendable {
    /// `memory` or `network`.
    public var path: ExchangePath
    /// Bytes of float32 that are exchanged at a time.
    public var bucket: Int

    /// A way.
    public init(path: ExchangePath, bucket: Int) {
        self.path = path
        self.bucket = bucket
    }
}

/// The way that the ranks of a cluster form their means in, with what was measured to find it; the same on all ranks.
public struct ExchangeChoice: Codable, Equatable, Sendable {
    /// `memory` or `network`.
    public var path: ExchangePath
    /// Bytes of float32 that are exchanged at a time.
    public var bucket: Int
    /// Bytes of the means that were measured; 0 if none was, because nothing was left to choose.
    public var trialBytes = 0
    /// What was measured, in the order of trying.
    public var trials: [Trial] = []

    /// A way that was measured.
    public struct Trial: Codable, Equatable, Sendable {
        /// `memory` or `network`.
        public var path: ExchangePath
        /// Bytes of float32 that were exchanged at a time.
        public var bucket: Int
        /// The shortest time of a mean on the slowest rank.
        public var seconds: Double

        /// A measured way.
        public init(_ way: ExchangeWay, seconds: Double) {
            (path, bucket) = (way.path, way.bucket)
            self.seconds = seconds
        }

        /// What was tried.
        public var way: ExchangeWay { ExchangeWay(path: path, bucket: bucket) }
    }

    /// A way, with the measured ones if there are any.
    public init(_ way: ExchangeWay, trialBytes: Int = 0, trials: [Trial] = []) {
        (path, bucket) = (way.path, way.bucket)
        self.trialBytes = trialBytes
        self.trials = trials
    }

    /// What was chosen.
    public var way: ExchangeWay { ExchangeWay(path: path, bucket: bucket) }
}

extension ExchangeChoice: CustomStringConvertible {
    /// One line for people: the way, its time, and that of the other path if it was tried.
    public var description: String {
        let words = "means go \(Self.words(path)) in buckets of \(ByteCount(UInt64(bucket)))"
        guard let own = trials.first(where: { $0.way == way }) else { return words + "; there was nothing to compare" }
        var line = "\(words): \(Self.milliseconds(own.seconds)) for \(Self.size(trialBytes))"
        if let other = trials.filter({ $0.path != path }).min(by: { $0.seconds < $1.seconds }) {
            line += ", \(Self.milliseconds(other.seconds)) \(Self.words(other.path))"
        }
        return line
    }

    private static func words(_ path: ExchangePath) -> String {
        path == .memory ? "through shared memory" : "by messages"
    }

    private static func size(_ bytes: Int) -> String {
        guard bytes >= 1 << 20 else { return "\((Double(bytes) / 102.4).rounded() / 10) KiB" }
        return "\((Double(bytes) / 104_857.6).rounded() / 10) MiB"
    }

    private static func milliseconds(_ seconds: Double) -> String { "\((seconds * 1e5).rounded() / 100) ms" }
}
