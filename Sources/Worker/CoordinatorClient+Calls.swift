import Coordination
import NIOHTTP1

extension CoordinatorClient {
    /// How long the coordinator may hold an answer back, in seconds; short, so that a worker notices soon that it is told to stop.
    static let wait = 2.0

    func join(_ request: JoinRequest) throws(WorkerError) -> JoinReply {
        try call(.POST, "/v1/join", request, as: JoinReply.self)
    }

    /// Says goodbye; a coordinator that is gone by then need not be waited for.
    func leave(_ peer: PeerID) throws(WorkerError) {
        _ = try call(.POST, "/v1/leave", PeerRequest(peer: peer), as: NoticeReply.self, patient: false)
    }

    func heartbeat(_ peer: PeerID) throws(WorkerError) {
        _ = try call(.POST, "/v1/heartbeat", PeerRequest(peer: peer), as: NoticeReply.self)
    }

    /// Returns after `wait` seconds, or once an attempt is over; meanwhile the coordinator sees by the connection that this process lives.
    func presence(_ peer: PeerID, wait: Double, attempt: AttemptMark?) throws(WorkerError) -> PresenceReply {
        let request = PresenceRequest(peer: peer, wait: wait, attempt: attempt)
        return try call(.POST, "/v1/presence", request, as: PresenceReply.self)
    }

    func work(_ peer: PeerID, holding mark: StateMark?) throws(WorkerError) -> Instruction {
        let request = WorkRequest(peer: peer, holds: mark, wait: CoordinatorClient.wait)
        return try call(.POST, "/v1/work", request, as: WorkReply.self).instruction
    }

    func complete(_ lease: LeaseID, _ request: CompleteRequest) throws(WorkerError) -> CompleteReply {
        try call(.POST, "/v1/leases/\(lease)/complete", request, as: CompleteReply.self)
    }

    func result(_ round: RoundID, _ request: ResultRequest) throws(WorkerError) -> Instruction {
        try call(.POST, "/v1/rounds/\(round)/result", request, as: WorkReply.self).instruction
    }

    func announce(_ samples: UInt64, _ request: CheckpointRequest) throws(WorkerError) {
        _ = try call(.PUT, "/v1/checkpoints/\(samples)", request, as: NoticeReply.self)
    }
}
