import Foundation
import Synchronization

/// Signals received since `SignalWatcher.watch`; a signal handler can reach nothing but a global, and may do nothing but count.
private let received = Atomic(0)

/// Turns SIGTERM, SIGINT and SIGUSR1, which `mpirun` and batch systems pass on, into a stop signal; the second one ends the process at once.
public enum SignalWatcher {
    /// Lets `stop` follow the signals of the process; call it first thing in a program, before it starts a thread.
    ///
    /// The calling thread and those it starts block the signals, and a thread of its own receives them: products written in assembly, such as those of
    /// some libraries, let the stack pointer point to other memory, and the frame of a handler that ran there would overwrite what lies below. Threads
    /// that a library started before `main` do not block them; so they are handled rather than waited for.
    public static func watch(_ stop: StopSignal) {
        stop.followSignals()
        let numbers = [SIGTERM, SIGINT, SIGUSR1]
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for number in numbers { unsafe sigaddset(&set, number) }
        unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
        for number in numbers {
            signal(number) { number in
                if received.wrappingAdd(1, ordering: .acquiringAndReleasing).newValue > 1 { _exit(128 + number) }
            }
        }
        let thread = Thread { [set] in
            var set = set
            unsafe pthread_sigmask(SIG_UNBLOCK, &set, nil)
            while true { pause() }
        }
        thread.name = "signals"
        thread.start()
    }

    /// Whether a signal was received.
    static var isSignalled: Bool { received.load(ordering: .acquiring) > 0 }
}
