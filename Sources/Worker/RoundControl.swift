import Communication
import Coordination
import Training

/// Settles exchanges with the coordinator for the communicator; used on the trainer's thread.
final class RoundControl: RoundAuthority {
    /// The exchange that was announced and not settled yet.
    var announced: ExchangeInstruction?
    /// The commit that ended the last exchange.
    private(set) var commit: CommitInstruction?
    /// What the coordinator wants next, after an exchange that did not end in a commit.
    private(set) var next: Instruction?
    /// Why the last call failed.
    private(set) var failure: WorkerError?

    private let client: CoordinatorClient
    private let peer: PeerID
    private let open: OpenExchange
    private let mark: () -> StateMark?

    /// `open` is told of attempts, `mark` tells which state the trainer holds.
    init(_ client: CoordinatorClient, _ peer: PeerID, _ open: OpenExchange, holding mark: @escaping () -> StateMark?) {
        self.client = client
        self.peer = peer
        self.open = open
        self.mark = mark
    }

    func group(round: UInt64, weight: Double) throws(CommunicationError) -> RoundVerdict {
        commit = nil
        next = nil
        guard let announced else { throw .authority(reason: "no exchange was announced") }
        return .again(try group(announced, round))
    }

    func report(_ result: RoundResult) throws(CommunicationError) -> RoundVerdict {
        guard let announced, let mark = mark() else { throw .authority(reason: "no exchange was announced") }
        open.end()
        do {
            var instruction = try client.result(announced.round, request(result, announced, mark))
            while case .wait = instruction { instruction = try client.work(peer, holding: mark) }
            return try verdict(instruction, announced, round: result.round)
        } catch let error as WorkerError {
            failure = error
            throw .authority(reason: error.description)
        } catch {
            throw error as? CommunicationError ?? .authority(reason: "\(error)")
        }
    }

    private func verdict(
        _ instruction: Instruction,
        _ old: ExchangeInstruction,
        round: UInt64
    ) throws(CommunicationError) -> RoundVerdict {
        switch instruction {
        case .commit(let commit):
            self.commit = commit
            return .committed(totalWeight: old.members.reduce(0) { $0 + $1.weight })
        case .exchange(let again) where again.round == old.round && Set(again.credited) == Set(old.credited):
            announced = again
            return .again(try group(again, round))
        default:
            next = instruction
            return .incomplete
        }
    }

    private func request(_ result: RoundResult, _ exchange: ExchangeInstruction, _ mark: StateMark) -> ResultRequest {
        let wait = CoordinatorClient.wait
        switch result.outcome {
        case .mean(let digest):
            if let digest = ContentDigest(rawValue: digest) {
                return ResultRequest(
                    peer: peer,
                    holds: mark,
                    attempt: exchange.attempt,
                    digest: digest,
                    wait: wait
                )
            }
            return ResultRequest(
                peer: peer,
                holds: mark,
                attempt: exchange.attempt,
                failure: "the digest is malformed",
                blamed: [],
                wait: wait
            )
        case .lost(let members, let reason):
            return ResultRequest(
                peer: peer,
                holds: mark,
                attempt: exchange.attempt,
                failure: String(reason.prefix(200)),
                blamed: members.compactMap { PeerID(rawValue: $0) },
                wait: wait
            )
        }
    }

    // The communicator counts rounds by samples, the coordinator by its own number.
    private func group(_ exchange: ExchangeInstruction, _ round: UInt64) throws(CommunicationError) -> RoundGroup {
        guard let key = [UInt8](hexadecimal: exchange.key) else {
            throw .invalidGroup(round: round, reason: "its key is not hexadecimal")
        }
        open.begin(AttemptMark(round: exchange.round, attempt: exchange.attempt), key: key)
        return RoundGroup(
            round: round,
            attempt: exchange.attempt,
            members: exchange.members.map {
                RoundMember(id: $0.id.rawValue, host: $0.host, port: $0.port, weight: $0.weight)
            },
            key: key,
            deadline: max(1, exchange.deadline)
        )
    }
}

extension [UInt8] {
    /// The bytes that an even count of hexadecimal digits stands for, or nil.
    init?(hexadecimal text: String) {
        guard text.utf8.count % 2 == 0, text.utf8.count <= 256 else { return nil }
        let digits = text.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        guard digits.count == text.utf8.count else { return nil }
        self = stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}
