import Coordination
import Foundation
import Synchronization

/// Tells the coordinator at intervals that this worker is alive, on a thread of its own, until it is stopped.
final class Heartbeat: Sendable {
    private let isStopped = Atomic(false)

    /// Starts to beat every `interval` seconds.
    init(_ client: CoordinatorClient, _ peer: PeerID, every interval: Double) {
        let thread = Thread { [weak self] in
            // A failed beat is no news: the trainer's own calls find out what is wrong and wait it out.
            while let self, !self.isStopped.load(ordering: .acquiring) {
                try? client.heartbeat(peer)
                Thread.sleep(forTimeInterval: max(0.05, interval))
            }
        }
        thread.name = "heartbeat"
        thread.start()
    }

    func stop() {
        isStopped.store(true, ordering: .releasing)
    }
}
