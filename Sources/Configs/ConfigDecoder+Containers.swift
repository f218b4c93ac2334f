/// The standard library's view of one node.
struct NodeDecoder: Decoder {
    let place: NodePlace
    /// Whether keys are data, as in a dictionary, and not names of properties.
    let keepsKeys: Bool
    /// The method or section that unknown keys are reported for.
    let owner: String?
    let checks = KeyChecks()
    let codingPath: [any CodingKey] = []
    let userInfo: [CodingUserInfoKey: Any] = [:]

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard let entries = place.node.entries else {
            throw place.error(.wrongType(expected: "a mapping", found: place.node.inWords))
        }
        let asked = checks.add(place, entries, owner: owner)
        return KeyedDecodingContainer(
            MappingReader<Key>(place: place, entries: entries, keepsKeys: keepsKeys, asked: asked)
        )
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard case .sequence(let items) = place.node.content else {
            throw place.error(.wrongType(expected: "a list", found: place.node.inWords))
        }
        return SequenceReader(place: place, items: items, checks: checks)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer {
        ScalarReader(place: place)
    }
}

/// The keys that were asked for in every mapping a decoder opened.
final class KeyChecks {
    /// The keys asked for in one mapping.
    final class Asked {
        var keys: [String] = []
    }

    private var opened: [(place: NodePlace, entries: [ConfigNode.Entry], owner: String?, asked: Asked)] = []

    func add(_ place: NodePlace, _ entries: [ConfigNode.Entry], owner: String?) -> Asked {
        let asked = Asked()
        opened.append((place, entries, owner, asked))
        return asked
    }

    /// Throws for the first key that nobody asked for.
    func refuseUnknownKeys() throws(ConfigError) {
        for (place, entries, owner, asked) in opened {
            try place.refuseUnknownKeys(entries, known: asked.keys, owner: owner)
        }
    }
}

/// A mapping with its defaults.
struct MappingReader<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let place: NodePlace
    let entries: [ConfigNode.Entry]
    let keepsKeys: Bool
    let asked: KeyChecks.Asked
    let codingPath: [any CodingKey] = []

    var allKeys: [Key] {
        entries.compactMap { entry in
            if keepsKeys {
                asked.keys.append(entry.key)
                return Key(stringValue: entry.key)
            }
            return Key(stringValue: KeyName.property(entry.key)) ?? Key(stringValue: entry.key)
        }
    }

    private func name(_ key: Key) -> String {
        let name = keepsKeys ? key.stringValue : KeyName.written(key.stringValue)
        asked.keys.append(name)
        return name
    }

    /// The written value, else the default.
    private func find(_ key: Key) -> NodePlace? {
        let name = name(key)
        let fallback = place.defaults?[name]
        let written = entries.first { $0.key == name }?.value
        guard let node = written ?? fallback else { return nil }
        return NodePlace(node: node, defaults: fallback, path: place.path + [name])
    }

    private func required(_ key: Key) throws -> NodePlace {
        guard let found = find(key) else {
            throw place.error(.missingKey(KeyName.written(key.stringValue)))
        }
        return found
    }

    func contains(_ key: Key) -> Bool {
        find(key) != nil
    }

    func decodeNil(forKey key: Key) throws -> Bool {
        try required(key).node.isNull
    }

    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
        try required(key).read(type)
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type,
        forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
        try NodeDecoder(place: required(key), keepsKeys: false, owner: nil).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try NodeDecoder(place: required(key), keepsKeys: false, owner: nil).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder {
        NodeDecoder(place: place, keepsKeys: keepsKeys, owner: nil)
    }

    func superDecoder(forKey key: Key) throws -> any Decoder {
        NodeDecoder(place: try required(key), keepsKeys: false, owner: nil)
    }
}

/// The items of a list, in order.
struct SequenceReader: UnkeyedDecodingContainer {
    let place: NodePlace
    let items: [ConfigNode]
    let checks: KeyChecks
    let codingPath: [any CodingKey] = []
    private(set) var currentIndex = 0

    init(place: NodePlace, items: [ConfigNode], checks: KeyChecks) {
        self.place = place
        self.items = items
        self.checks = checks
    }

    var count: Int? { items.count }
    var isAtEnd: Bool { currentIndex >= items.count }

    private func current() throws -> NodePlace {
        guard !isAtEnd else {
            throw place.error(
                .wrongType(expected: "a list of more than \(items.count) items", found: "\(items.count)")
            )
        }
        return NodePlace(node: items[currentIndex], defaults: nil, path: place.path + ["[\(currentIndex)]"])
    }

    mutating func decodeNil() throws -> Bool {
        let isNull = try current().node.isNull
        currentIndex += isNull ? 1 : 0
        return isNull
    }

    mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
        let value = try current().read(type)
        currentIndex += 1
        return value
    }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> {
        let decoder = try superDecoder()
        return try decoder.container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        try superDecoder().unkeyedContainer()
    }

    mutating func superDecoder() throws -> any Decoder {
        let decoder = NodeDecoder(place: try current(), keepsKeys: false, owner: nil)
        currentIndex += 1
        return decoder
    }
}
