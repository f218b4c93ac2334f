/// One life of one worker process; drawn at random by the worker when it starts.
///
/// 8 to 64 characters out of letters, digits, `-` and `_`. A worker that is started again is another peer, so nothing that was
/// promised to the old process can be mistaken for a promise to the new one.
public struct PeerID: RawRepresentable, Hashable, Comparable, Codable, Sendable, CodingKeyRepresentable {
    /// The characters.
    public let rawValue: String

    /// Accepts 8 to 64 characters out of letters, digits, `-` and `_`.
    public init?(rawValue: String) {
        guard (8...64).contains(rawValue.utf8.count), rawValue.utf8.allSatisfy(isNameByte) else { return nil }
        self.rawValue = rawValue
    }

    /// Reads a dictionary key.
    public init?(codingKey: some CodingKey) {
        self.init(rawValue: codingKey.stringValue)
    }

    /// This peer as a dictionary key.
    public var codingKey: any CodingKey { NameKey(stringValue: rawValue) }

    /// Orders by characters.
    public static func < (left: PeerID, right: PeerID) -> Bool { left.rawValue < right.rawValue }
}

extension PeerID: CustomStringConvertible {
    /// The characters.
    public var description: String { rawValue }
}

/// A dictionary key made of any characters.
struct NameKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

/// Letters, digits, `-` and `_`: what identifiers consist of.
private func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
        true
    default: false
    }
}

/// SHA-256 of some bytes, as 64 lower-case hexadecimal digits.
public struct ContentDigest: RawRepresentable, Hashable, Codable, Sendable, CustomStringConvertible {
    /// The digits.
    public let rawValue: String

    /// Accepts 64 lower-case hexadecimal digits.
    public init?(rawValue: String) {
        let isDigit: (UInt8) -> Bool = {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
        }
        guard rawValue.utf8.count == 64, rawValue.utf8.allSatisfy(isDigit) else { return nil }
        self.rawValue = rawValue
    }

    /// The digits.
    public var description: String { rawValue }
}

/// Number of a lease; never used twice in a run.
public struct LeaseID: RawRepresentable, Hashable, Codable, Sendable, CustomStringConvertible {
    /// The number, from 1.
    public let rawValue: UInt64

    /// Wraps a number.
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// The number in decimal.
    public var description: String { "\(rawValue)" }
}

/// Number of a round; never used twice in a run, not even after a roll back.
public struct RoundID: RawRepresentable, Hashable, Codable, Sendable, CustomStringConvertible {
    /// The number, from 1.
    public let rawValue: UInt64

    /// Wraps a number.
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// The number in decimal.
    public var description: String { "\(rawValue)" }
}

/// Which training state is meant: the state after `samples` samples on the line of history number `generation`.
///
/// A roll back begins a new generation, so the state that a forgotten worker still holds is never taken for the agreed one.
public struct StateMark: Hashable, Codable, Sendable, CustomStringConvertible {
    /// How often the run was rolled back before.
    public var generation: UInt32
    /// Samples that went into the state.
    public var samples: UInt64

    /// Names a state.
    public init(generation: UInt32, samples: UInt64) {
        self.generation = generation
        self.samples = samples
    }

    /// Samples, and the generation after the first.
    public var description: String { generation == 0 ? "\(samples)" : "\(samples) (generation \(generation))" }
}
