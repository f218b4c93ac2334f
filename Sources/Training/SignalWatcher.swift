import Foundation

/// Turns SIGTERM and SIGINT into a stop signal; the second one ends the process at once.
public enum SignalWatcher {
    /// Blocks both signals in this thread, and so in those it starts, and waits for them on a thread of its own.
    ///
    /// Call it first thing in a program, before any other thread exists.
    public static func watch(_ stop: StopSignal) {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, SIGTERM)
        unsafe sigaddset(&signals, SIGINT)
        unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
        let thread = Thread { [signals] in
            var signals = signals
            var received: Int32 = 0
            unsafe sigwait(&signals, &received)
            stop.set()
            unsafe sigwait(&signals, &received)
            exit(128 + received)
        }
        thread.name = "signals"
        thread.start()
    }
}
