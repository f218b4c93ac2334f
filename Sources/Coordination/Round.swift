/// One global batch on its way to being counted: pieces, who computes them, and the attempts to exchange.
public struct Round: Codable, Equatable, Sendable {
    /// Its number.
    public let id: RoundID
    /// First sample of the batch.
    public let first: UInt64
    /// Samples in the batch.
    public let count: UInt64
    /// The pieces in order; they tile the batch.
    public internal(set) var pieces: [Piece]
    /// Members whose lease was taken away and who were not heard of since; the exchange goes on without them.
    public internal(set) var overdue: [PeerID] = []
    /// The exchange that is going on, if the pieces are all done.
    public internal(set) var attempt: Attempt?
    /// How many attempts were begun.
    public internal(set) var attempts: UInt32 = 0
    /// How many attempts in a row failed with everybody there.
    public internal(set) var failures: Int = 0
}

/// Some consecutive samples of a round.
public struct Piece: Codable, Equatable, Sendable {
    /// First sample.
    public var first: UInt64
    /// Samples; at least 1.
    public var count: UInt64
    /// Who has it.
    public var status: Status

    /// Who has a piece.
    public enum Status: Codable, Equatable, Sendable {
        /// Nobody.
        case free
        /// A member is computing it.
        case leased(Lease)
        /// A member holds its gradient.
        case done(Completion)
    }

    /// The member that computes or has computed it.
    public var peer: PeerID? {
        switch status {
        case .free: nil
        case .leased(let lease): lease.peer
        case .done(let completion): completion.peer
        }
    }
}

/// A promise to compute a piece by a deadline.
public struct Lease: Codable, Equatable, Sendable {
    /// Its number.
    public let id: LeaseID
    /// Who promised.
    public let peer: PeerID
    /// When it was given.
    public let issued: Timestamp
    /// When it is taken back.
    public var deadline: Timestamp
}

/// A kept promise.
public struct Completion: Codable, Equatable, Sendable {
    /// Number of the lease.
    public let lease: LeaseID
    /// Who kept it.
    public let peer: PeerID
    /// Mean loss over the piece; nil if it is not finite.
    public let loss: Double?
    /// True: the gradient was not finite; the piece counts as seen and weighs nothing.
    public let withdrawn: Bool
}

/// Which attempt of which round; later ones are greater.
public struct AttemptMark: Codable, Hashable, Comparable, Sendable {
    /// The round.
    public let round: RoundID
    /// Number of the attempt within it, from 1.
    public let attempt: UInt32

    /// Names an attempt.
    public init(round: RoundID, attempt: UInt32) {
        self.round = round
        self.attempt = attempt
    }

    /// Earlier is less.
    public static func < (left: AttemptMark, right: AttemptMark) -> Bool {
        (left.round.rawValue, left.attempt) < (right.round.rawValue, right.attempt)
    }
}

/// One attempt to form the mean of a round among a fixed group.
public struct Attempt: Codable, Equatable, Sendable {
    /// Number within the round, from 1.
    public let number: UInt32
    /// The group in rank order.
    public let members: [Share]
    /// When it was announced.
    public let began: Timestamp
    /// When members that have not reported are dropped.
    public internal(set) var deadline: Timestamp
    /// What members reported.
    public internal(set) var outcomes: [PeerID: ExchangeOutcome] = [:]

    /// One member's part in an exchange.
    public struct Share: Codable, Equatable, Sendable {
        /// The member.
        public let peer: PeerID
        /// Samples it brings; 0: it only receives.
        public let weight: UInt64
    }
}

/// What a member reports of an attempt.
public enum ExchangeOutcome: Codable, Equatable, Sendable {
    /// It holds the whole mean, of this digest.
    case agreed(ContentDigest)
    /// It does not; perhaps because of those peers.
    case failed(blamed: [PeerID], reason: String)
}

/// A round that counts.
public struct Commit: Codable, Equatable, Sendable {
    /// The round.
    public let round: RoundID
    /// The attempt that succeeded.
    public let attempt: UInt32
    /// The state before.
    public let before: StateMark
    /// The state after.
    public let after: StateMark
    /// The group; its first member is the leader.
    public let members: [PeerID]
    /// Samples that each member brought, in the order of the group; nil in journals that do not say.
    public let weights: [UInt64]?
    /// Digest of the mean.
    public let digest: ContentDigest
    /// Mean loss over the batch, if it was finite.
    public let loss: Double?
    /// What the leader does besides.
    public let duties: [Duty]

    /// Samples that a member brought; nil if it is not in the group.
    public func weight(of peer: PeerID) -> UInt64? {
        guard let weights, let index = members.firstIndex(of: peer), index < weights.count else { return nil }
        return weights[index]
    }
}

/// Something the leader of a round does for all, from the state after the round.
public enum Duty: String, Codable, Equatable, Sendable {
    /// Upload a checkpoint while the run goes on.
    case checkpoint
    /// Upload a sheet of samples.
    case samples
}
