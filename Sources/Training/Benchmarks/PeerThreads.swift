public import Communication
import Foundation
public import Logging
import Synchronization

/// Peers of one process, each on a thread of its own, to measure their exchanges.
public enum PeerThreads {
    /// Runs `body` once a peer, with its communicator over sockets of this machine and its place among the threads.
    ///
    /// Throws the first error of a peer that gave up; the others then give up too.
    public static func run(
        _ size: Int,
        compression: any Compression,
        logger: Logger,
        _ body: @escaping @Sendable (_ peers: any Communicator, _ threads: any Communicator) throws -> Void
    ) throws {
        let peers = try LoopbackPeers(size: size, logger: logger)
        let threads = LocalGroup(size: size)
        let failure = Mutex<(any Error)?>(nil)
        let done = DispatchGroup()
        for rank in 0..<size {
            done.enter()
            let thread = Thread {
                do {
                    // The thread's place goes away with this scope, which ends what the others wait for.
                    try body(peers.member(rank, compression: compression), threads.member(rank))
                } catch {
                    failure.withLock { $0 = $0 ?? error }
                    peers.close()
                }
                done.leave()
            }
            thread.name = "peer \(rank)"
            thread.start()
        }
        done.wait()
        peers.close()
        if let error = failure.withLock({ $0 }) { throw error }
    }
}
