/// A number of training samples, the unit of length, warm-up and cadence.
///
/// Written with a binary suffix (`64Ki`, `1Mi`, `2Gi`), a decimal one (`60k`, `5M`, `1G`), or in full
/// (`1797 samples`). A bare number is refused.
public struct SampleCount: Hashable, Sendable, ConfigText {
    /// The number of samples.
    public var rawValue: UInt64

    /// Creates a count from a number of samples.
    public init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }

    static let quantity = "a count of samples"
    static let examples = "'64Ki', '60k' or '1797 samples'"

    private static let factors: [(unit: String, factor: UInt64)] = [
        ("Ti", 1 << 40), ("Gi", 1 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10),
        ("T", 1_000_000_000_000), ("G", 1_000_000_000), ("M", 1_000_000), ("k", 1000),
        ("samples", 1), ("sample", 1),
    ]

    init?(configText: String) {
        guard let value = UnitText(configText, fractions: false)?.product(Self.factors) else { return nil }
        rawValue = value
    }

    var configText: String {
        UnitText.write(rawValue, Self.factors, plain: rawValue == 1 ? " sample" : " samples")
    }
}

/// A number of bytes, written with a unit: `64MiB`, `2GB`, `512B`.
public struct ByteCount: Hashable, Sendable, ConfigText {
    /// The number of bytes.
    public var rawValue: UInt64

    /// Creates a count from a number of bytes.
    public init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }

    static let quantity = "a size in bytes"
    static let examples = "'64MiB', '2GB' or '512B'"

    private static let factors: [(unit: String, factor: UInt64)] = [
        ("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10),
        ("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1000), ("B", 1),
    ]

    init?(configText: String) {
        guard let value = UnitText(configText, fractions: false)?.product(Self.factors) else { return nil }
        rawValue = value
    }

    var configText: String {
        UnitText.write(rawValue, Self.factors, plain: "B")
    }
}

/// A span of time, written with a unit: `250ms`, `30s`, `5m`, `2h`, `1d`.
public struct Seconds: Hashable, Sendable, ConfigText {
    /// The number of seconds, finite and at least 0 when it comes from a configuration.
    public var rawValue: Double

    /// Creates a span from a number of seconds.
    public init(_ rawValue: Double) {
        self.rawValue = rawValue
    }

    static let quantity = "a span of time"
    static let examples = "'250ms', '30s', '5m' or '2h'"

    private static let factors: [(unit: String, factor: Double)] = [("d", 86400), ("h", 3600), ("m", 60), ("s", 1)]

    init?(configText: String) {
        guard let parts = UnitText(configText, fractions: true), parts.number.last != ".", parts.number.first != ".",
            let number = Double(parts.number)
        else { return nil }
        if parts.unit == "ms" {
            rawValue = number / 1000
        } else if let factor = Self.factors.first(where: { $0.unit == parts.unit })?.factor {
            rawValue = number * factor
        } else {
            return nil
        }
        guard rawValue.isFinite else { return nil }
    }

    var configText: String {
        for (unit, factor) in Self.factors where rawValue >= factor {
            let count = (rawValue / factor).rounded()
            if count * factor == rawValue, count < 1e15 {
                return "\(Int64(count))\(unit)"
            }
        }
        let milliseconds = (rawValue * 1000).rounded()
        if milliseconds >= 1, milliseconds < 1e15, milliseconds / 1000 == rawValue {
            return "\(Int64(milliseconds))ms"
        }
        return rawValue == 0 ? "0s" : "\(Self.plain(rawValue))s"
    }

    /// The digits of a number without an exponent, so that the unit's letter stays unambiguous.
    private static func plain(_ value: Double) -> String {
        let text = "\(value)"
        guard let mark = text.firstIndex(of: "e"), let exponent = Int(text[text.index(after: mark)...]) else {
            return text
        }
        let digits = text[..<mark].filter { $0 != "." }
        return exponent < 0
            ? "0." + String(repeating: "0", count: -exponent - 1) + digits
            : digits + String(repeating: "0", count: max(0, exponent + 1 - digits.count))
    }
}
