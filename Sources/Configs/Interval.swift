/// How far two events of a run are apart: a number of steps (`500 steps`) or of samples (`64Ki`, as `SampleCount` is written).
///
/// A bare number is refused.
public enum Interval: Hashable, Sendable, ConfigText {
    /// So many steps.
    case steps(UInt64)
    /// So many samples over all workers.
    case samples(SampleCount)

    static let quantity = "a number of steps or samples"
    static let examples = "'500 steps', '64Ki' or '1797 samples'"

    private static let factors: [(unit: String, factor: UInt64)] = [("steps", 1), ("step", 1)]

    init?(configText: String) {
        if let steps = UnitText(configText, fractions: false)?.product(Self.factors) {
            self = .steps(steps)
        } else if let samples = SampleCount(configText: configText) {
            self = .samples(samples)
        } else {
            return nil
        }
    }

    var configText: String {
        switch self {
        case .steps(let count): count == 1 ? "1 step" : "\(count) steps"
        case .samples(let count): count.configText
        }
    }

    /// Whether it is over after so many steps that saw so many samples.
    public func isOver(steps: UInt64, samples: UInt64) -> Bool {
        switch self {
        case .steps(let count): steps >= count
        case .samples(let count): samples >= count.rawValue
        }
    }

    /// Whether there is no distance at all.
    public var isEmpty: Bool { isOver(steps: 0, samples: 0) }
}

extension Interval: CustomStringConvertible {
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
}
