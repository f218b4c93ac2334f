import NIOPosix
import Synchronization

/// An authority for members of one process: forms the group once all are here, and again without the lost.
///
/// For groups without a coordinator, as in measurements.
public final class LocalAuthority: Sendable {
    private struct State {
        var members: [String: RoundMember] = [:]
        var attempt: UInt32 = 0
        var results: [String: RoundResult] = [:]
        var history: [RoundResult] = []
        var alive: Set<String>
    }

    private let state: Mutex<State>
    private let mailboxes: [String: Mailbox<RoundVerdict>]
    private let deadline: Double

    /// An authority for members of these names; an attempt may take `deadline` seconds.
    public init(_ ids: [String], deadline: Double = 30) {
        state = Mutex(State(alive: Set(ids)))
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        mailboxes = Dictionary(uniqueKeysWithValues: ids.map { ($0, Mailbox(on: loop)) })
        self.deadline = deadline
    }

    /// The view of the member of a name, which listens on a port of this machine.
    public func member(_ id: String, port: Int) -> any RoundAuthority { LocalMember(self, id: id, port: port) }

    /// All results in the order they came.
    var history: [RoundResult] { state.withLock { $0.history } }

    /// Blocks until all who are alive have joined.
    func join(_ member: RoundMember, round: UInt64) -> RoundVerdict {
        state.withLock { state in
            state.members[member.id] = member
            if state.members.count == state.alive.count { announce(&state, round) }
        }
        return verdict(for: member.id)
    }

    /// Blocks until all who are alive have reported.
    func report(_ result: RoundResult, from id: String) -> RoundVerdict {
        state.withLock { state in
            state.results[id] = result
            state.history.append(result)
            if case .lost(let members, _) = result.outcome { state.alive.subtract(members) }
            settle(&state, result.round)
        }
        return verdict(for: id)
    }

    /// A member that died says nothing any more.
    func bury(_ id: String, round: UInt64) {
        state.withLock { state in
            state.alive.remove(id)
            settle(&state, round)
        }
    }

    private func settle(_ state: inout State, _ round: UInt64) {
        guard !state.alive.isEmpty, state.alive.allSatisfy({ state.results[$0] != nil }) else { return }
        let digests = Set(state.results.filter { state.alive.contains($0.key) }.values.map(\.outcome))
        if digests.count == 1, case .mean = digests.first {
            let total = state.alive.reduce(0) { $0 + (state.members[$1]?.weight ?? 0) }
            for id in state.alive { mailboxes[id]?.put(.committed(totalWeight: total)) }
            state.members = [:]
            state.attempt = 0
        } else {
            state.attempt += 1
            announce(&state, round)
        }
        state.results = [:]
    }

    private func announce(_ state: inout State, _ round: UInt64) {
        let group = RoundGroup(
            round: round,
            attempt: state.attempt,
            members: state.members.values.filter { state.alive.contains($0.id) }.sorted { $0.id < $1.id },
            key: Handshake.nonce() + Handshake.nonce(),
            deadline: deadline
        )
        for member in group.members { mailboxes[member.id]?.put(.again(group)) }
    }

    private func verdict(for id: String) -> RoundVerdict {
        mailboxes[id]?.takeAll(within: .seconds(2 * deadline)).first ?? .incomplete
    }
}

/// One member's view of a `LocalAuthority`.
final class LocalMember: RoundAuthority {
    private let shared: LocalAuthority
    private let id: String
    private let port: Int

    init(_ shared: LocalAuthority, id: String, port: Int) {
        self.shared = shared
        self.id = id
        self.port = port
    }

    func group(round: UInt64, weight: Double) throws(CommunicationError) -> RoundVerdict {
        shared.join(RoundMember(id: id, host: "127.0.0.1", port: port, weight: weight), round: round)
    }

    func report(_ result: RoundResult) throws(CommunicationError) -> RoundVerdict {
        shared.report(result, from: id)
    }
}
