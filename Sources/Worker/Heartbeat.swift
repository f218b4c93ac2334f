import Coordination
import Foundation
import Synchronization

/// Tells the coordinator that this worker is alive, on a thread of its own, until it is stopped.
final class Heartbeat: Sendable {
    private let isStopped = Atomic(false)

    /// Starts to beat every `interval` seconds.
    convenience init(_ client: CoordinatorClient, _ peer: PeerID, every interval: Double) {
        self.init(name: "heartbeat") {
            // A failed beat is no news: the trainer's own calls find out what is wrong and wait it out.
            try? client.heartbeat(peer)
            Thread.sleep(forTimeInterval: max(0.05, interval))
        }
    }

    /// Keeps a call open all the time, by whose end the coordinator notices the end of this process before it misses a beat, and by whose
    /// answer this process hears of attempts that cannot count any more.
    convenience init(presenceOf peer: PeerID, _ client: CoordinatorClient, _ open: OpenExchange) {
        self.init(name: "presence") {
            do {
                let reply = try client.presence(peer, wait: 10, attempt: open.attempt)
                open.abandon(upTo: reply.over)
            } catch {
                // Refused: the trainer's calls hear the same, and join again if that helps.
                Thread.sleep(forTimeInterval: 0.5)
            }
        }
    }

    private init(name: String, _ beat: @escaping @Sendable () -> Void) {
        let thread = Thread { [weak self] in
            while let self, !self.isStopped.load(ordering: .acquiring) { beat() }
        }
        thread.name = name
        thread.start()
    }

    func stop() {
        isStopped.store(true, ordering: .releasing)
    }
}
