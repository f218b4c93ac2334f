public import Coordination

extension Coordinator {
    /// Returns after the next change of the state or at a moment, whichever is first.
    func change(before end: ContinuousClock.Instant) async {
        let id = nextWaiter
        nextWaiter += 1
        let alarm = Task {
            try? await Task.sleep(until: end)
            self.resume(id)
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { waiters[id] = $0 }
        } onCancel: {
            Task { await self.resume(id) }
        }
        alarm.cancel()
    }

    /// Holds a member's call for up to `wait` seconds, or until an attempt in which it takes part is over without a commit.
    ///
    /// Doubts the member if the call is cancelled, as the end of a connection does; a worker that lives makes another call.
    func attend(_ peer: PeerID, wait: Double, attempt: AttemptMark? = nil) async -> PresenceReply {
        let end = ContinuousClock.now + .milliseconds(Int64(max(0, min(wait, 20)) * 1000))
        var awaited = attempt
        while ContinuousClock.now < end, !isClosed, !Task.isCancelled {
            awaited = state.openAttempt(of: peer) ?? awaited
            if let attempt = awaited, attempt <= state.newestEndedAttempt {
                if state.isVoid(attempt) { break }
                awaited = nil
            }
            await change(before: end)
        }
        if Task.isCancelled, !isClosed { doubt(peer) }
        return PresenceReply(over: state.newestEndedAttempt)
    }

    private func resume(_ id: UInt64) { waiters.removeValue(forKey: id)?.resume() }

    func wake() {
        let waiting = waiters
        waiters = [:]
        for waiter in waiting.values { waiter.resume() }
    }

    /// Decisions from now on, until the coordinator closes; nil now and then, so that a listener that has gone is noticed.
    ///
    /// A listener that does not keep up loses the oldest; beyond 64 listeners a stream is empty.
    public func events() -> AsyncStream<Event?> {
        let (stream, continuation) = AsyncStream.makeStream(of: Event?.self, bufferingPolicy: .bufferingNewest(256))
        let id = nextWaiter
        nextWaiter += 1
        guard !isClosed, listeners.count < 64 else {
            continuation.finish()
            return stream
        }
        listeners[id] = continuation
        continuation.onTermination = { _ in Task { await self.forget(listener: id) } }
        return stream
    }

    /// Sends a sign of life to every listener.
    func pulse() {
        for listener in listeners.values { listener.yield(nil) }
    }

    private func forget(listener id: UInt64) { listeners[id] = nil }

    /// Answers everybody who waits and ends all streams; what is on its way to the disk still gets there.
    public func close() {
        isClosed = true
        wake()
        for listener in listeners.values { listener.finish() }
        listeners = [:]
    }
}
