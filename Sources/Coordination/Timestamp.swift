/// A moment in milliseconds of the coordinator's clock; always given from outside, never read here.
public struct Timestamp: Hashable, Comparable, Codable, Sendable {
    /// Milliseconds since an origin that only has to be the same within a run.
    public let milliseconds: Int64

    /// A moment by its milliseconds.
    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// Reads one number.
    public init(from decoder: any Decoder) throws {
        milliseconds = try decoder.singleValueContainer().decode(Int64.self)
    }

    /// Writes one number.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(milliseconds)
    }

    /// Earlier is less.
    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.milliseconds < right.milliseconds }

    /// A later moment, by milliseconds.
    public static func + (left: Timestamp, right: Int64) -> Timestamp {
        Timestamp(milliseconds: left.milliseconds &+ right)
    }

    /// Milliseconds from the right moment to the left one.
    public static func - (left: Timestamp, right: Timestamp) -> Int64 { left.milliseconds &- right.milliseconds }

    /// Seconds from `now` until this moment; 0 if it has passed.
    public func secondsLeft(at now: Timestamp) -> Double { Double(Swift.max(0, self - now)) / 1000 }
}
