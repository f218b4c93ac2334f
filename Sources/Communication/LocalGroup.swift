import NIOCore
import NIOPosix
import Synchronization

/// A group of threads of one process: give each thread one of its members.
public final class LocalGroup: Sendable {
    /// The number of members.
    public let size: Int

    enum Deposit: Sendable {
        case mean([Float], weight: Float)
        /// Values that are not finite, in a mean.
        case unusable(round: UInt64)
        case floats([Float], root: Int)
        case bytes([UInt8], root: Int)
        case barrier

        /// What must be the same for all members.
        var call: String {
            switch self {
            case .mean, .unusable: "mean"
            case .floats(_, let root): "values of \(root)"
            case .bytes(_, let root): "bytes of \(root)"
            case .barrier: "barrier"
            }
        }
    }

    enum Outcome: Sendable {
        case mean([Float], MeanReport)
        case floats([Float])
        case bytes([UInt8])
        case barrier
        case failed(CommunicationError)
    }

    /// What members get that made different calls.
    static let mixedCalls = CommunicationError.unsupported(
        operation: "exchange of different kinds at once",
        instead: "all members must make the same calls in the same order"
    )

    private struct State {
        var deposits: [Deposit?]
        var left: Int?
    }

    private let state: Mutex<State>
    private let mailboxes: [Mailbox<Outcome>]

    /// A group of a size.
    public init(size: Int) {
        precondition(size > 0, "a group of \(size)")
        self.size = size
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        mailboxes = (0..<size).map { _ in Mailbox(on: loop) }
        state = Mutex(State(deposits: Array(repeating: nil, count: size)))
    }

    /// The member of a rank; asked for once a rank.
    public func member(_ rank: Int) -> LocalCommunicator {
        precondition((0..<size).contains(rank), "rank \(rank) of \(size)")
        return LocalCommunicator(rank: rank, of: self)
    }

    func leave(_ rank: Int) {
        let waiting = state.withLock { state in
            if state.left == nil { state.left = rank }
            defer { state.deposits = Array(repeating: nil, count: size) }
            return state.deposits.indices.filter { state.deposits[$0] != nil }
        }
        for member in waiting { mailboxes[member].put(.failed(.memberFailed(rank: rank))) }
    }

    /// Hands in one member's part and waits for everybody's.
    func exchange(_ deposit: Deposit, from rank: Int) throws(CommunicationError) -> Outcome {
        let (left, all) = state.withLock { state -> (Int?, [Deposit]?) in
            if let left = state.left { return (left, nil) }
            state.deposits[rank] = deposit
            let present = state.deposits.compactMap { $0 }
            guard present.count == size else { return (nil, nil) }
            state.deposits = Array(repeating: nil, count: size)
            return (nil, present)
        }
        if let left { throw .memberFailed(rank: left) }
        if let all {
            // The last one to come does the work of all.
            let outcome = combine(all)
            for mailbox in mailboxes { mailbox.put(outcome) }
        }
        while true {
            guard let outcome = mailboxes[rank].takeAll(within: .seconds(3600)).first else { continue }
            if case .failed(let error) = outcome { throw error }
            return outcome
        }
    }

    private func combine(_ deposits: [Deposit]) -> Outcome {
        guard Set(deposits.map(\.call)).count == 1 else { return .failed(Self.mixedCalls) }
        switch deposits[0] {
        case .mean(let values, _): return mean(deposits, count: values.count)
        case .unusable(let round): return .failed(.notFinite(round: round))
        case .floats(let first, let root):
            guard case .floats(let values, _) = deposits[root] else { return .floats(first) }
            return .floats(values)
        case .bytes(let first, let root):
            guard case .bytes(let bytes, _) = deposits[root] else { return .bytes(first) }
            return .bytes(bytes)
        case .barrier: return .barrier
        }
    }

    private func mean(_ deposits: [Deposit], count: Int) -> Outcome {
        var (parts, weights): ([Float], [Float]) = ([], [])
        for deposit in deposits {
            if case .unusable(let round) = deposit { return .failed(.notFinite(round: round)) }
            guard case .mean(let values, let weight) = deposit else { continue }
            guard values.count == count else { return .failed(.countMismatch(expected: count, found: values.count)) }
            guard weight > 0 else { continue }
            parts += values
            weights.append(weight)
        }
        let total = weights.reduce(0) { $0 + Double($1) }
        let report = MeanReport(totalWeight: total, contributors: weights.count)
        guard !weights.isEmpty else { return .mean([], report) }
        var result = [Float](repeating: 0, count: count)
        var span = result.mutableSpan
        WeightedMean().combine(parts.span, weights: weights.span, into: &span)
        return .mean(result, report)
    }
}
