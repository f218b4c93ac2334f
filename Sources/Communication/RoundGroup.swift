/// One member of a round.
public struct RoundMember: Sendable, Codable, Equatable {
    /// The worker's name, unique in the group.
    public var id: String
    /// Where it listens.
    public var host: String
    /// The port it listens on; 0 if it cannot be dialled and only dials others.
    public var port: Int
    /// What it contributes, in samples; 0 for a member that only reduces and receives.
    public var weight: Double
    /// The measured speed of its link in bytes a second, if known; it decides how large a share the member reduces.
    public var bandwidth: Double?

    /// A member.
    public init(id: String, host: String, port: Int, weight: Double, bandwidth: Double? = nil) {
        self.id = id
        self.host = host
        self.port = port
        self.weight = weight
        self.bandwidth = bandwidth
    }
}

/// Who takes part in one attempt of a round; the same on all members, who are ranked by their order.
public struct RoundGroup: Sendable, Codable, Equatable {
    /// The number of the round, the same for all its attempts.
    public var round: UInt64
    /// Counts the attempts of a round, in `0...65535`; a new attempt has a new key.
    public var attempt: UInt32
    /// The members in the order of their ranks; at most 256.
    public var members: [RoundMember]
    /// The secret of the attempt, 16 to 64 bytes; whoever holds it is believed to be a member.
    public var key: [UInt8]
    /// How long the attempt may take until it is reported, in seconds from the moment a member starts it; above 0, at most a day.
    ///
    /// Members give up after nine tenths of it.
    public var deadline: Double

    /// A group.
    public init(round: UInt64, attempt: UInt32, members: [RoundMember], key: [UInt8], deadline: Double) {
        self.round = round
        self.attempt = attempt
        self.members = members
        self.key = key
        self.deadline = deadline
    }

    /// The largest group.
    public static let largestSize = 256
    /// The largest sum of weights, in samples: with values up to 1e30 no sum leaves the range of float32.
    public static let largestTotalWeight = 1e8

    /// The sum of all weights, in samples.
    public var totalWeight: Double { members.reduce(0) { $0 + $1.weight } }

    /// The members of weight above 0.
    public var contributors: Int { members.count { $0.weight > 0 } }

    /// The rank of a member.
    public func rank(of id: String) throws(CommunicationError) -> Int {
        guard let rank = members.firstIndex(where: { $0.id == id }) else {
            throw .notAMember(id: id, round: round)
        }
        return rank
    }

    /// Refuses a group that cannot work: counts, weights, ports, key and deadline out of range, names given twice.
    public func validate() throws(CommunicationError) {
        if let reason = fault { throw .invalidGroup(round: round, reason: reason) }
    }

    private var fault: String? {
        guard (1...Self.largestSize).contains(members.count) else {
            return "it has \(members.count) members, not 1 to \(Self.largestSize)"
        }
        guard attempt <= UInt32(UInt16.max) else { return "its attempt \(attempt) is above \(UInt16.max)" }
        guard (16...64).contains(key.count) else { return "its key has \(key.count) bytes, not 16 to 64" }
        guard deadline > 0, deadline <= 86_400 else {
            return "its deadline is \(deadline) s, not above 0 and at most a day"
        }
        guard Set(members.map(\.id)).count == members.count else { return "it names a member twice" }
        for member in members {
            if let reason = member.fault { return "member '\(member.id)' \(reason)" }
        }
        guard totalWeight <= Self.largestTotalWeight else {
            return "its weights add up to \(totalWeight), above \(Self.largestTotalWeight)"
        }
        return nil
    }
}

extension RoundMember {
    fileprivate var fault: String? {
        guard weight >= 0, weight.isFinite else { return "has the weight \(weight)" }
        guard (0...65_535).contains(port) else { return "has the port \(port)" }
        guard let bandwidth else { return nil }
        return bandwidth >= 0 && bandwidth.isFinite ? nil : "has the bandwidth \(bandwidth)"
    }
}
