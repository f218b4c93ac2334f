import Synchronization

/// Asks a trainer to stop after the step it is in; set from any thread or a signal source.
public final class StopSignal: Sendable {
    private let flag = Atomic(false)

    /// A signal that is not set.
    public init() {}

    /// Whether somebody asked to stop.
    public var isSet: Bool { flag.load(ordering: .acquiring) }

    /// Asks to stop; more than once is the same as once.
    public func set() {
        flag.store(true, ordering: .releasing)
    }
}
