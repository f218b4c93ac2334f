/// A parsed configuration before it has a type: scalars, sequences and mappings with the place where each stands.
public struct ConfigNode: Sendable, Hashable {
    /// What a node can be.
    public enum Content: Sendable, Hashable {
        /// Text; a quoted scalar is never a number, a truth value or null.
        case scalar(String, isQuoted: Bool)
        /// Values in order.
        case sequence([ConfigNode])
        /// Keys with values in the order they were written; no key stands twice.
        case mapping([Entry])
    }

    /// One key of a mapping with its value.
    public struct Entry: Sendable, Hashable {
        /// The key as written.
        public let key: String
        /// Where the key stands.
        public let location: ConfigLocation?
        /// The value.
        public var value: ConfigNode

        init(key: String, location: ConfigLocation?, value: ConfigNode) {
            self.key = key
            self.location = location
            self.value = value
        }
    }

    /// The node's kind and value.
    public var content: Content
    /// Where the node begins; nil for a node that was made from a value.
    public var location: ConfigLocation?

    init(_ content: Content, at location: ConfigLocation? = nil) {
        self.content = content
        self.location = location
    }

    /// The value of a key, or nil if the node is no mapping or has no such key.
    public subscript(key: String) -> ConfigNode? {
        entries?.first { $0.key == key }?.value
    }

    /// The entries of a mapping, or nil for other nodes.
    public var entries: [Entry]? {
        guard case .mapping(let entries) = content else { return nil }
        return entries
    }

    /// The text of a scalar, or nil for other nodes.
    public var text: String? {
        guard case .scalar(let text, _) = content else { return nil }
        return text
    }

    /// Whether the node is a plain `null`, `~` or nothing.
    public var isNull: Bool {
        kind == .null
    }

    static let null = ConfigNode(.scalar("null", isQuoted: false))

    /// The same tree with every node and key at one place, for defaults of a mapping that stands there.
    func relocated(to location: ConfigLocation?) -> ConfigNode {
        switch content {
        case .scalar:
            ConfigNode(content, at: location)
        case .sequence(let items):
            ConfigNode(.sequence(items.map { $0.relocated(to: location) }), at: location)
        case .mapping(let entries):
            ConfigNode(
                .mapping(
                    entries.map {
                        Entry(key: $0.key, location: location, value: $0.value.relocated(to: location))
                    }
                ),
                at: location
            )
        }
    }
}

extension ConfigNode {
    /// What a scalar means by YAML's core schema, or the kind of collection.
    enum Kind {
        case null, truth, whole, number, text, sequence, mapping
    }

    var kind: Kind {
        switch content {
        case .sequence: .sequence
        case .mapping: .mapping
        case .scalar(_, isQuoted: true): .text
        case .scalar(let text, isQuoted: false): Self.kind(of: text)
        }
    }

    /// The kind of an unquoted scalar.
    static func kind(of text: String) -> Kind {
        switch text {
        case "", "null", "~", "Null", "NULL": return .null
        case "true", "false": return .truth
        case ".inf", "+.inf", "-.inf", ".nan": return .number
        default: break
        }
        let digits = text.drop { $0 == "-" || $0 == "+" }
        guard text.utf8.count - digits.utf8.count <= 1, let first = digits.utf8.first else { return .text }
        if digits.utf8.allSatisfy({ isDigit($0) }) {
            return first == UInt8(ascii: "0") && digits.utf8.count > 1 ? .text : .whole
        }
        guard isDigit(first) || first == UInt8(ascii: "."), digits.utf8.contains(where: { isDigit($0) }),
            digits.utf8.allSatisfy({ isDigit($0) || ".eE+-".utf8.contains($0) }), Double(text) != nil
        else { return .text }
        return .number
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }

    /// What the node is, in words for a message.
    var inWords: String {
        switch kind {
        case .null: "nothing"
        case .truth: "the truth value \(text ?? "")"
        case .whole, .number: "the number \(text ?? "")"
        case .text: "the text '\((text ?? "").prefix(80))'"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }
}
