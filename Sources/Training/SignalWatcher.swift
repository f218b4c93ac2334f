import Foundation
import Synchronization

/// Signals received since `SignalWatcher.watch`; a signal handler can reach nothing but a global, and may do nothing but count.
private let received = Atomic(0)

/// Turns SIGTERM, SIGINT and SIGUSR1, which `mpirun` and batch systems pass on, into a stop signal; the second one ends the process at once.
public enum SignalWatcher {
    /// Lets `stop` follow the signals of the process, whichever of its threads they reach.
    ///
    /// Libraries start threads before `main`, which cannot be made to block a signal; so it is handled instead of waited for.
    public static func watch(_ stop: StopSignal) {
        stop.followSignals()
        // Makes the counter before a handler can need it.
        _ = received.load(ordering: .relaxed)
        for number in [SIGTERM, SIGINT, SIGUSR1] {
            signal(number) { number in
                if received.wrappingAdd(1, ordering: .acquiringAndReleasing).newValue > 1 { _exit(128 + number) }
            }
        }
    }

    /// Whether a signal was received.
    static var isSignalled: Bool { received.load(ordering: .acquiring) > 0 }
}
