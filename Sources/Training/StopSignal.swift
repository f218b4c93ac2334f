import Synchronization

/// Asks a trainer to stop after the step it is in; set from any thread.
public final class StopSignal: Sendable {
    private let flag = Atomic(false)
    private let followsSignals = Atomic(false)

    /// A signal that is not set.
    public init() {}

    /// Whether somebody asked to stop.
    public var isSet: Bool {
        flag.load(ordering: .acquiring) || (followsSignals.load(ordering: .relaxed) && SignalWatcher.isSignalled)
    }

    /// Asks to stop; more than once is the same as once.
    public func set() {
        flag.store(true, ordering: .releasing)
    }

    /// Also asks to stop once the process has received a signal to end.
    func followSignals() {
        followsSignals.store(true, ordering: .relaxed)
    }
}
