public import Coordination
import Foundation

/// Where the coordinator gets the time from; tests give their own.
public protocol TimeSource: Sendable {
    /// The moment.
    func now() -> Timestamp
}

/// The machine's time, steady: the wall clock when the program started, and from there the monotonic clock.
public struct SystemTime: TimeSource {
    private let start: Int64
    private let origin = ContinuousClock.now

    /// Starts at the wall clock.
    public init() {
        start = Int64(Date().timeIntervalSince1970 * 1000)
    }

    /// The moment, in milliseconds since 1970.
    public func now() -> Timestamp {
        let passed = (ContinuousClock.now - origin).components
        return Timestamp(milliseconds: start + passed.seconds * 1000 + passed.attoseconds / 1_000_000_000_000_000)
    }
}
