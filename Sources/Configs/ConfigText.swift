/// A value that a run file writes as one word with a unit.
protocol ConfigText: Codable {
    /// What it is, for messages: `a count of samples`.
    static var quantity: String { get }
    /// How it may be written, for messages.
    static var examples: String { get }
    /// Reads the value, or nil if the text is not of that form or does not fit.
    init?(configText: String)
    /// The canonical text.
    var configText: String { get }
}

extension ConfigText {
    static func decode(from decoder: any Decoder) throws -> Self {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = Self(configText: text) else {
            throw DecodingError.dataCorruptedError(
                in: container,
                debugDescription: "expected \(quantity) such as \(examples), found '\(text)'"
            )
        }
        return value
    }
}

/// A number and the unit after it.
struct UnitText {
    let number: Substring
    let unit: Substring

    /// Splits `64Ki` or `1797 samples`; nil unless there are digits, at most one blank, and a unit of letters.
    init?(_ text: String, fractions: Bool) {
        guard text.utf8.count <= 40 else { return nil }
        let end = text.firstIndex { !($0.isASCII && $0.isNumber) && !(fractions && $0 == ".") } ?? text.endIndex
        number = text[..<end]
        var rest = text[end...]
        if rest.first == " " {
            rest = rest.dropFirst()
        }
        unit = rest
        guard !number.isEmpty, !unit.isEmpty, unit.allSatisfy({ $0.isASCII && $0.isLetter }) else { return nil }
    }

    /// The whole number times the factor of its unit; nil if the unit is unknown or the product does not fit.
    func product(_ factors: [(unit: String, factor: UInt64)]) -> UInt64? {
        guard let factor = factors.first(where: { $0.unit == unit })?.factor, let count = UInt64(number) else {
            return nil
        }
        let (product, overflow) = count.multipliedReportingOverflow(by: factor)
        return overflow ? nil : product
    }

    /// The number with the first unit that divides it; the last unit must be the plain one.
    static func write(_ value: UInt64, _ factors: [(unit: String, factor: UInt64)], plain: String) -> String {
        for (unit, factor) in factors where factor > 1 && value > 0 && value.isMultiple(of: factor) {
            return "\(value / factor)\(unit)"
        }
        return "\(value)\(plain)"
    }
}
