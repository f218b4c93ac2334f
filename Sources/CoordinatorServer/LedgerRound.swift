import Coordination

/// One round that counts, as the journal proves it.
public struct LedgerRound: Encodable, Sendable, Equatable {
    /// Number of the round.
    public let round: UInt64
    /// First sample.
    public let first: UInt64
    /// Samples.
    public let count: UInt64
    /// The attempt whose mean counts.
    public let attempt: UInt32
    /// Samples that each member of the group brought to the mean; empty in journals that do not say.
    public let weights: [String: UInt64]

    init(_ commit: Commit) {
        round = commit.round.rawValue
        first = commit.before.samples
        count = commit.after.samples - commit.before.samples
        attempt = commit.attempt
        let pairs = zip(commit.members.map(\.rawValue), commit.weights ?? [])
        weights = Dictionary(pairs, uniquingKeysWith: { first, _ in first })
    }

    /// One line for people.
    public var line: String {
        let shares = weights.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        return "round \(round): samples \(first) to \(first + count), exchange \(attempt): "
            + shares.joined(separator: ", ")
    }
}
