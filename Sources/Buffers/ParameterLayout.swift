/// One named parameter and its place in a flat buffer.
public struct ParameterSpec: Codable, Sendable, Hashable {
    /// The path of the parameter, such as `blocks.0.attn.qkv.weight`.
    public let name: String
    /// The dimensions, in the order of the field (`[O, I]`, `[O, I, KH, KW]`).
    public let shape: Shape
    /// The first element in the flat buffer.
    public let offset: Int
    /// Whether weight decay applies.
    public let decay: Bool

    /// Describes one parameter.
    public init(name: String, shape: Shape, offset: Int, decay: Bool) {
        self.name = name
        self.shape = shape
        self.offset = offset
        self.decay = decay
    }

    /// The elements of this parameter in the flat buffer.
    public var range: Range<Int> { offset..<offset + shape.count }
}

/// The parameters of one network in the order in which a flat buffer holds them.
public struct ParameterLayout: Codable, Sendable, Hashable {
    /// All parameters, by rising offset and without gaps.
    public let parameters: [ParameterSpec]

    /// Makes a layout of parameters that lie one after another.
    public init(_ parameters: [ParameterSpec]) {
        var end = 0
        for parameter in parameters {
            precondition(parameter.offset == end, "\(parameter.name) at \(parameter.offset), expected \(end)")
            end = parameter.range.upperBound
        }
        self.parameters = parameters
    }

    /// The number of elements of a flat buffer.
    public var count: Int { parameters.last?.range.upperBound ?? 0 }

    /// The parameter of a name, or nil.
    public subscript(name: String) -> ParameterSpec? { parameters.first { $0.name == name } }

    /// The layout of a window on a range of the flat buffer.
    ///
    /// Parameters that the range cuts become pieces of one dimension; names and decay flags stay.
    public func part(_ range: Range<Int>) -> ParameterLayout {
        ParameterLayout(
            parameters.compactMap { parameter in
                let piece = parameter.range.clamped(to: range)
                guard !piece.isEmpty || (parameter.range.isEmpty && range.contains(parameter.offset)) else {
                    return nil
                }
                return ParameterSpec(
                    name: parameter.name,
                    shape: piece == parameter.range ? parameter.shape : [piece.count],
                    offset: piece.lowerBound - range.lowerBound,
                    decay: parameter.decay
                )
            }
        )
    }

    /// Sixteen hexadecimal digits that differ for different names, shapes, orders or decay flags (FNV-1a, 64 bits).
    ///
    /// It tells layouts of honest runs apart; it is no protection against forgery.
    public var digest: String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for parameter in parameters {
            for byte in "\(parameter.name)\(parameter.shape)\(parameter.decay ? "+" : "-");".utf8 {
                hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
            }
        }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
