extension SampleCount: Comparable, ExpressibleByIntegerLiteral, CustomStringConvertible {
    /// Creates a count from a whole number of samples.
    public init(integerLiteral value: UInt64) {
        self.init(value)
    }

    /// Decodes the text with its unit.
    public init(from decoder: any Decoder) throws {
        self = try Self.decode(from: decoder)
    }

    /// Encodes the text with its unit.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(configText)
    }

    /// The text with its unit, as a run file writes it.
    public var description: String { configText }

    /// Compares the numbers of samples.
    public static func < (left: SampleCount, right: SampleCount) -> Bool {
        left.rawValue < right.rawValue
    }
}

extension ByteCount: Comparable, ExpressibleByIntegerLiteral, CustomStringConvertible {
    /// Creates a count from a whole number of bytes.
    public init(integerLiteral value: UInt64) {
        self.init(value)
    }

    /// Decodes the text with its unit.
    public init(from decoder: any Decoder) throws {
        self = try Self.decode(from: decoder)
    }

    /// Encodes the text with its unit.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(configText)
    }

    /// Reads a text with its unit, as a run file writes it; nil if it is of another form or does not fit.
    public init?(_ text: String) {
        self.init(configText: text)
    }

    /// The text with its unit, as a run file writes it.
    public var description: String { configText }

    /// Compares the numbers of bytes.
    public static func < (left: ByteCount, right: ByteCount) -> Bool {
        left.rawValue < right.rawValue
    }
}

extension Seconds: Comparable, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, CustomStringConvertible {
    /// Creates a span from a whole number of seconds.
    public init(integerLiteral value: Int) {
        self.init(Double(value))
    }

    /// Creates a span from a number of seconds.
    public init(floatLiteral value: Double) {
        self.init(value)
    }

    /// Decodes the text with its unit.
    public init(from decoder: any Decoder) throws {
        self = try Self.decode(from: decoder)
    }

    /// Encodes the text with its unit.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(configText)
    }

    /// The text with its unit, as a run file writes it.
    public var description: String { configText }

    /// Compares the numbers of seconds.
    public static func < (left: Seconds, right: Seconds) -> Bool {
        left.rawValue < right.rawValue
    }
}
