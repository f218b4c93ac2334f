/// What a round is told.
public enum MeanRoundInput: Sendable {
    /// The exchange may begin.
    case start
    /// A frame arrived from the member of this rank.
    case frame(Frame, from: Int)
    /// The link to the member of this rank broke or could not be made.
    case linkLost(rank: Int, reason: String)
    /// Time passed; due at `MeanRound.nextDeadline` at the latest.
    case tick
}

/// What a round wants done.
public enum MeanRoundAction: Sendable, Equatable {
    /// Send a frame to the member of this rank; frames to one member keep their order.
    case send(Frame, to: Int)
    /// The mean stands in `MeanRound.values`.
    case finish
    /// The attempt cannot succeed.
    case fail(RoundFailure)
}

/// Why an attempt failed.
public struct RoundFailure: Sendable, Equatable {
    /// The members at fault.
    public var ranks: [Int]
    /// What was missing or wrong, as a clause.
    public var reason: String

    /// A failure.
    public init(ranks: [Int], reason: String) {
        self.ranks = ranks
        self.reason = reason
    }
}

/// Limits of a round; the same on all members.
public struct MeanRoundLimits: Sendable, Equatable {
    /// How many parts may be sent to a member before it answers the first of them; bounds what a member must store.
    public var window = 16
    /// How long a member may be silent before it counts as lost; waiting members send a ping after a quarter of it.
    public var silence: Duration = .seconds(10)

    /// The usual limits.
    public init() {}
}
