/// Writes configurations with every default spelled out, so that a reader and a digest see all that matters.
///
/// Keys stand in the order of the properties, dictionaries are sorted, lengths carry units. Equal values give equal
/// text; decoding the text gives the value back.
public enum ConfigEncoder {
    /// A value as a YAML document.
    public static func encode(_ value: some Encodable) -> String {
        node(of: value).yaml
    }

    /// A method as a YAML document with its name under `type` first.
    public static func encode(method: any Method) -> String {
        node(method: method).yaml
    }

    /// A value as a tree without places.
    public static func node(of value: some Encodable) -> ConfigNode {
        let sink = NodeSink()
        encode(value, into: sink)
        return sink.node
    }

    /// A method as a mapping with its name under `type`.
    public static func node(method: any Method) -> ConfigNode {
        let name = ConfigNode(.scalar(type(of: method).name, isQuoted: true))
        let parameters = node(of: method).entries ?? []
        return ConfigNode(.mapping([ConfigNode.Entry(key: "type", location: nil, value: name)] + parameters))
    }

    /// Encodes a value of any type; a type that cannot be encoded is a bug of that type and traps.
    static func encode(_ value: some Encodable, into sink: NodeSink) {
        if let text = value as? any ConfigText {
            sink.set(.scalar(text.configText, isQuoted: true))
            return
        }
        do {
            try value.encode(to: NodeEncoder(sink: sink, keepsKeys: value is any StringKeyed))
            if value is any StringKeyed {
                sink.sortEntries()
            }
        } catch {
            preconditionFailure("\(type(of: value)) could not be encoded: \(error)")
        }
        sink.close()
    }
}

/// A node under construction.
final class NodeSink {
    private enum State {
        case empty
        case done(ConfigNode.Content)
        case mapping([(key: String, sink: NodeSink)])
        case sequence([NodeSink])
    }

    private var state = State.empty

    var node: ConfigNode {
        switch state {
        case .empty: .null
        case .done(let content): ConfigNode(content)
        case .mapping(let entries):
            ConfigNode(.mapping(entries.map { ConfigNode.Entry(key: $0.key, location: nil, value: $0.sink.node) }))
        case .sequence(let sinks): ConfigNode(.sequence(sinks.map(\.node)))
        }
    }

    func set(_ content: ConfigNode.Content) {
        state = .done(content)
    }

    func openMapping() {
        if case .empty = state {
            state = .mapping([])
        }
    }

    func openSequence() {
        if case .empty = state {
            state = .sequence([])
        }
    }

    /// The place for the value of a key; a key that is encoded twice is a bug of the type and traps.
    func entry(_ key: String) -> NodeSink {
        guard case .mapping(var entries) = state else { preconditionFailure("'\(key)' was encoded outside a mapping") }
        precondition(!entries.contains { $0.key == key }, "the key '\(key)' was encoded twice")
        let sink = NodeSink()
        entries.append((key, sink))
        state = .mapping(entries)
        return sink
    }

    /// The place for the next item of a list, and its index.
    func item() -> (sink: NodeSink, index: Int) {
        guard case .sequence(let items) = state else { preconditionFailure("an item was encoded outside a list") }
        let sink = NodeSink()
        state = .sequence(items + [sink])
        return (sink, items.count)
    }

    func sortEntries() {
        guard case .mapping(let entries) = state else { return }
        state = .mapping(entries.sorted { $0.key < $1.key })
    }

    /// Writes a method without parameters as its name alone.
    func collapseLoneEntry() {
        guard case .mapping(let entries) = state, entries.count == 1 else { return }
        state = .done(entries[0].sink.node.content)
    }

    /// An empty struct encodes nothing at all: it is an empty mapping.
    func close() {
        if case .empty = state {
            state = .mapping([])
        }
    }
}
