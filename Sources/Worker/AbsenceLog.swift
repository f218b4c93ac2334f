import Logging
import Synchronization

/// Logs that the coordinator is away, now and then how long it has been, and that it is back; for all threads that call it.
final class AbsenceLog: Sendable {
    private struct Absence {
        let since: ContinuousClock.Instant
        var told: ContinuousClock.Instant
    }

    private let logger: Logger?
    private let absence = Mutex<Absence?>(nil)

    /// Time between two lines.
    private static let pause = Duration.seconds(60)

    /// A log that says nothing without a logger.
    init(_ logger: Logger?) {
        self.logger = logger
    }

    /// A call got no answer at a moment.
    func failed(_ reason: String, at now: ContinuousClock.Instant) {
        let waited = absence.withLock { absence -> Duration? in
            guard let open = absence else {
                absence = Absence(since: now, told: now)
                return .zero
            }
            guard now - open.told >= Self.pause else { return nil }
            absence?.told = now
            return now - open.since
        }
        guard let waited else { return }
        logger?.warning(
            "the coordinator does not answer; waiting for it",
            metadata: ["reason": "\(reason)", "seconds": "\(waited.components.seconds)"]
        )
    }

    /// A call was answered at a moment.
    func answered(at now: ContinuousClock.Instant) {
        let since = absence.withLock { absence -> ContinuousClock.Instant? in
            defer { absence = nil }
            return absence?.since
        }
        guard let since else { return }
        logger?.notice("the coordinator answers again", metadata: ["seconds": "\((now - since).components.seconds)"])
    }
}
