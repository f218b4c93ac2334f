/// One worker that takes part in a run.
public struct Member: Codable, Equatable, Sendable {
    /// Whose life this is.
    public let id: PeerID
    /// Id of the token under which it joined.
    public let owner: String
    /// Name for people, such as the host's.
    public var name: String
    /// Host of its frame listener, as others dial it.
    public var host: String
    /// Port of its frame listener.
    public var port: Int
    /// How many processes it computes with; nil: one.
    public internal(set) var ranks: Int?
    /// Its place in the order of joining; groups are ranked by it.
    public let ordinal: UInt64
    /// When it joined.
    public let joined: Timestamp
    /// The state it says it holds.
    public internal(set) var holds: StateMark?
    /// Samples a second, a running mean; nil before its first lease.
    public internal(set) var speed: Double?
    /// Samples it computed that were committed.
    public internal(set) var contributed: UInt64 = 0
    /// How often a round had to begin without it although it was loading the state.
    public internal(set) var lateLoads: Int = 0
    /// Rounds do not wait for it before this moment.
    public internal(set) var waitedForFrom: Timestamp
}

/// What a worker says when it joins.
public struct JoinFacts: Codable, Equatable, Sendable {
    /// Who joins.
    public var peer: PeerID
    /// Id of the token under which it joins.
    public var owner: String
    /// Name for people; at most 64 characters.
    public var name: String
    /// Host of its frame listener.
    public var host: String
    /// Port of its frame listener, at most 65535; 0: it cannot be dialled and only dials others.
    public var port: Int
    /// The state it holds already, if any.
    public var holds: StateMark?
    /// How many processes it computes with, at most `largestRanks`; nil: one.
    public var ranks: Int?

    /// The most processes that one member may stand for.
    public static let largestRanks = 4096

    /// Gathers the facts.
    public init(
        peer: PeerID,
        owner: String,
        name: String,
        host: String,
        port: Int,
        holds: StateMark? = nil,
        ranks: Int? = nil
    ) {
        self.peer = peer
        self.owner = owner
        self.name = name
        self.host = host
        self.port = port
        self.holds = holds
        self.ranks = ranks
    }

    /// Checks the ranges.
    public func validate() throws(CoordinationError) {
        guard name.utf8.count <= 64, !name.unicodeScalars.contains(where: { $0.value < 32 }) else {
            throw .invalid(what: "worker name", value: String(name.prefix(80)))
        }
        guard (1...255).contains(host.utf8.count), host.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else {
            throw .invalid(what: "host", value: String(host.prefix(80)))
        }
        guard (0...65535).contains(port) else { throw .invalid(what: "port", value: "\(port)") }
        guard (1...Self.largestRanks).contains(ranks ?? 1) else {
            throw .invalid(what: "number of ranks", value: "\(ranks ?? 1)")
        }
    }
}
