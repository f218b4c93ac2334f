import NIOCore
import Synchronization

/// A queue that event loops fill and one plain thread empties, blocking while there is nothing.
///
/// The thread sleeps on a promise of an event loop, so no lock or condition of our own is needed.
final class Mailbox<Element: Sendable>: Sendable {
    private struct State {
        var elements: [Element] = []
        var waiter: EventLoopPromise<Void>?

        mutating func takeWaiter() -> EventLoopPromise<Void>? {
            defer { waiter = nil }
            return waiter
        }

        mutating func takeElements() -> [Element] {
            defer { elements.removeAll(keepingCapacity: true) }
            return elements
        }
    }

    private let loop: any EventLoop
    private let state = Mutex(State())

    /// An empty queue; `loop` keeps the time and must outlive every wait.
    init(on loop: any EventLoop) {
        self.loop = loop
    }

    /// Adds an element; from any thread.
    func put(_ element: Element) {
        let waiter = state.withLock { state in
            state.elements.append(element)
            return state.takeWaiter()
        }
        waiter?.succeed()
    }

    /// Everything that is in the queue; empty if nothing came within the time.
    ///
    /// Blocks, so it must not be called on an event loop.
    func takeAll(within limit: Duration) -> [Element] {
        let promise = state.withLock { state -> EventLoopPromise<Void>? in
            guard state.elements.isEmpty, limit > .zero else { return nil }
            let promise = loop.makePromise(of: Void.self)
            state.waiter = promise
            return promise
        }
        guard let promise else { return state.withLock { $0.takeElements() } }
        let timeout = loop.scheduleTask(in: TimeAmount(limit)) { [self] in
            state.withLock { $0.takeWaiter() }?.succeed()
        }
        // The promise is only ever succeeded.
        try? promise.futureResult.wait()
        timeout.cancel()
        return state.withLock { $0.takeElements() }
    }
}
