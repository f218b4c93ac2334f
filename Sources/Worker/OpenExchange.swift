import Communication
import Coordination
import Synchronization

/// The attempt that this worker takes part in, which may be ended from outside; from any thread.
final class OpenExchange: Sendable {
    private let network: PeerNetwork
    private let open = Mutex<(attempt: AttemptMark, key: [UInt8])?>(nil)

    init(_ network: PeerNetwork) {
        self.network = network
    }

    /// Nil: none, or one that is known to be over.
    var attempt: AttemptMark? { open.withLock { $0?.attempt } }

    /// An attempt is about to begin, whose members share a key.
    func begin(_ attempt: AttemptMark, key: [UInt8]) {
        open.withLock { $0 = (attempt, key) }
    }

    /// It has ended by itself.
    func end() {
        open.withLock { $0 = nil }
    }

    /// Ends the attempt if it is one of those that are over: whom it waits for may never answer.
    func abandon(upTo over: AttemptMark) {
        let key = open.withLock { open -> [UInt8]? in
            guard let known = open, known.attempt <= over else { return nil }
            open = nil
            return known.key
        }
        if let key { network.abandon(key: key) }
    }
}
