/// Reads configurations strictly.
///
/// A missing key takes its value from `init()` of the type it belongs to. Unknown keys, duplicate keys, anchors and
/// aliases, values of the wrong kind and values out of range are errors with file, line and path.
public enum ConfigDecoder {
    /// Decodes the text of a configuration; `file` is its name in messages.
    public static func decode<T: Decodable>(
        _ type: T.Type,
        from text: String,
        file: String
    ) throws(ConfigError) -> T {
        try decode(type, from: ConfigNode(parsing: text, file: file))
    }

    /// Decodes a parsed configuration, to which overrides may have been applied.
    public static func decode<T: Decodable>(_ type: T.Type, from node: ConfigNode) throws(ConfigError) -> T {
        do {
            return try NodePlace(node: node, defaults: nil, path: []).read(type)
        } catch let error as ConfigError {
            throw error
        } catch {
            throw ConfigError(.refused("\(error)"), at: node.location)
        }
    }

    /// Decodes one method of a slot from its name or a mapping with `type:`.
    public static func decode<Slot: MethodSlot>(
        methodOf slot: Slot.Type,
        from text: String,
        file: String
    ) throws(ConfigError) -> Slot.Base {
        try decode(Choice<Slot>.self, from: text, file: file).wrappedValue
    }
}

/// A node to decode, the defaults for keys it does not have, and the path that leads to it.
struct NodePlace {
    let node: ConfigNode
    /// The value the enclosing type has here by default, as a tree; nil if it has none.
    let defaults: ConfigNode?
    let path: [String]

    func error(_ problem: ConfigError.Problem) -> ConfigError {
        ConfigError(problem, path: path, at: node.location)
    }

    /// Decodes a value of any type and checks it.
    func read<T: Decodable>(_ type: T.Type) throws -> T {
        if let textType = type as? any ConfigText.Type {
            return try readText(textType, as: type)
        }
        if let configurable = type as? any Configurable.Type {
            return try readConfigurable(configurable, owner: nil, as: type)
        }
        let keepsKeys = type is any StringKeyed.Type
        let decoder = NodeDecoder(place: withoutDefaults(of: type), keepsKeys: keepsKeys, owner: nil)
        let value = try translating(type) { try T(from: decoder) }
        try decoder.checks.refuseUnknownKeys()
        return value
    }

    /// Decodes a type with defaults: merges them under the written keys, decodes, validates.
    func readConfigurable<T>(_ type: any Configurable.Type, owner: String?, as: T.Type) throws -> T {
        let outer = defaults.flatMap { $0.isNull ? nil : $0 }
        let tree = (outer ?? ConfigEncoder.node(of: type.init())).relocated(to: node.location)
        let place = NodePlace(node: node, defaults: tree, path: path)
        if let known = tree.entries {
            guard let entries = node.entries else {
                throw error(.wrongType(expected: "a mapping", found: node.inWords))
            }
            try place.refuseUnknownKeys(entries, known: known.map(\.key), owner: owner)
        }
        let decoder = NodeDecoder(place: place, keepsKeys: false, owner: owner)
        let value = try translating(type) { try type.init(from: decoder) }
        do throws(ConfigError) {
            try value.validate()
        } catch {
            let written = error.path.first.flatMap { node[$0]?.location }
            throw error.within(path, at: written ?? node.location)
        }
        guard let result = value as? T else {
            preconditionFailure("\(type) was decoded as \(T.self)")
        }
        return result
    }

    func refuseUnknownKeys(_ entries: [ConfigNode.Entry], known: [String], owner: String?) throws(ConfigError) {
        for entry in entries where !known.contains(entry.key) {
            throw ConfigError(
                .unknownKey(entry.key, owner: owner, known: known),
                path: path,
                at: entry.location
            )
        }
    }

    /// Only a choice between nothing and a value passes the defaults on to the value.
    private func withoutDefaults<T>(of type: T.Type) -> NodePlace {
        type is any OptionalValue.Type ? self : NodePlace(node: node, defaults: nil, path: path)
    }

    private func readText<T>(_ textType: any ConfigText.Type, as type: T.Type) throws -> T {
        guard let text = node.text, let value = textType.init(configText: text), let result = value as? T else {
            let found = node.text ?? node.inWords
            throw error(.badUnit(quantity: textType.quantity, examples: textType.examples, found: found))
        }
        return result
    }

    /// Turns the standard library's errors into ours, at this place.
    private func translating<Value>(_ type: Any.Type, _ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let failure as DecodingError {
            if let known = allowedWords(type), let text = node.text {
                throw error(.unknownValue(text, known: known))
            }
            throw error(.refused(failure.words))
        }
    }

    private func allowedWords(_ type: Any.Type) -> [String]? {
        func words<Value: RawRepresentable & CaseIterable>(_ type: Value.Type) -> [String] {
            type.allCases.map { "\($0.rawValue)" }
        }
        guard let type = type as? any (RawRepresentable & CaseIterable).Type else { return nil }
        return words(type)
    }
}

/// Marks dictionaries whose keys are data and are not converted.
protocol StringKeyed {}
extension Dictionary: StringKeyed where Key == String {}

/// Marks optionals.
private protocol OptionalValue {}
extension Optional: OptionalValue {}

extension DecodingError {
    /// The error's own explanation.
    var words: String {
        switch self {
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context),
            .dataCorrupted(let context):
            context.debugDescription
        @unknown default:
            "\(self)"
        }
    }
}
