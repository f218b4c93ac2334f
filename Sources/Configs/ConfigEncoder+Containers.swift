/// The standard library's view of a node under construction.
struct NodeEncoder: Encoder {
    let sink: NodeSink
    /// Whether keys are data, as in a dictionary, and not names of properties.
    let keepsKeys: Bool
    let codingPath: [any CodingKey] = []
    let userInfo: [CodingUserInfoKey: Any] = [:]

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        sink.openMapping()
        return KeyedEncodingContainer(MappingWriter<Key>(sink: sink, keepsKeys: keepsKeys))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        sink.openSequence()
        return SequenceWriter(sink: sink)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer {
        ScalarWriter(sink: sink)
    }
}

/// A mapping under construction; absent optionals are written as null, so that every key is known.
struct MappingWriter<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let sink: NodeSink
    let keepsKeys: Bool
    let codingPath: [any CodingKey] = []

    private func entry(_ key: Key) -> NodeSink {
        sink.entry(keepsKeys ? key.stringValue : KeyName.written(key.stringValue))
    }

    func encodeNil(forKey key: Key) {
        entry(key).set(ConfigNode.null.content)
    }

    func encode<T: Encodable>(_ value: T, forKey key: Key) {
        ConfigEncoder.encode(value, into: entry(key))
    }

    func encodeIfPresent<T: Encodable>(_ value: T?, forKey key: Key) {
        if let value { encode(value, forKey: key) } else { encodeNil(forKey: key) }
    }

    func encodeIfPresent(_ value: Bool?, forKey key: Key) { present(value, key) }
    func encodeIfPresent(_ value: String?, forKey key: Key) { present(value, key) }
    func encodeIfPresent(_ value: Double?, forKey key: Key) { present(value, key) }
    func encodeIfPresent(_ value: Float?, forKey key: Key) { present(value, key) }
    func encodeIfPresent(_ value: Int?, forKey key: Key) { present(value, key) }
    func encodeIfPresent(_ value: Int8?, forKey key: Key) { present(value, key) }
    func encodeIfPresent(_ value: Int16?, forKey key: Key) { present(value, key) }
    func encodeIfPresent(_ value: Int32?, forKey key: Key) { present(value, key) }
    func encodeIfPresent(_ value: Int64?, forKey key: Key) { present(value, key) }
    func encodeIfPresent(_ value: UInt?, forKey key: Key) { present(value, key) }
    func encodeIfPresent(_ value: UInt8?, forKey key: Key) { present(value, key) }
    func encodeIfPresent(_ value: UInt16?, forKey key: Key) { present(value, key) }
    func encodeIfPresent(_ value: UInt32?, forKey key: Key) { present(value, key) }
    func encodeIfPresent(_ value: UInt64?, forKey key: Key) { present(value, key) }

    private func present<T: Encodable>(_ value: T?, _ key: Key) {
        if let value { encode(value, forKey: key) } else { encodeNil(forKey: key) }
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type,
        forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
        NodeEncoder(sink: entry(key), keepsKeys: false).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        NodeEncoder(sink: entry(key), keepsKeys: false).unkeyedContainer()
    }

    func superEncoder() -> any Encoder {
        NodeEncoder(sink: sink, keepsKeys: keepsKeys)
    }

    func superEncoder(forKey key: Key) -> any Encoder {
        NodeEncoder(sink: entry(key), keepsKeys: false)
    }
}

/// A list under construction.
struct SequenceWriter: UnkeyedEncodingContainer {
    let sink: NodeSink
    let codingPath: [any CodingKey] = []
    private(set) var count = 0

    init(sink: NodeSink) {
        self.sink = sink
    }

    private mutating func next() -> NodeSink {
        count += 1
        return sink.item().sink
    }

    mutating func encodeNil() {
        next().set(ConfigNode.null.content)
    }

    mutating func encode<T: Encodable>(_ value: T) {
        ConfigEncoder.encode(value, into: next())
    }

    mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
        NodeEncoder(sink: next(), keepsKeys: false).container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
        NodeEncoder(sink: next(), keepsKeys: false).unkeyedContainer()
    }

    mutating func superEncoder() -> any Encoder {
        NodeEncoder(sink: next(), keepsKeys: false)
    }
}

/// A scalar under construction.
struct ScalarWriter: SingleValueEncodingContainer {
    let sink: NodeSink
    let codingPath: [any CodingKey] = []

    func encodeNil() { sink.set(ConfigNode.null.content) }
    func encode(_ value: Bool) { plain(value) }
    func encode(_ value: String) { sink.set(.scalar(value, isQuoted: true)) }
    func encode(_ value: Double) { number(value) }
    func encode(_ value: Float) { number(value) }
    func encode(_ value: Int) { plain(value) }
    func encode(_ value: Int8) { plain(value) }
    func encode(_ value: Int16) { plain(value) }
    func encode(_ value: Int32) { plain(value) }
    func encode(_ value: Int64) { plain(value) }
    func encode(_ value: UInt) { plain(value) }
    func encode(_ value: UInt8) { plain(value) }
    func encode(_ value: UInt16) { plain(value) }
    func encode(_ value: UInt32) { plain(value) }
    func encode(_ value: UInt64) { plain(value) }
    func encode<T: Encodable>(_ value: T) { ConfigEncoder.encode(value, into: sink) }

    private func plain(_ value: some CustomStringConvertible) {
        sink.set(.scalar(value.description, isQuoted: false))
    }

    private func number<T: BinaryFloatingPoint & CustomStringConvertible>(_ value: T) {
        let text = value.isNaN ? ".nan" : value.isInfinite ? (value < 0 ? "-.inf" : ".inf") : value.description
        sink.set(.scalar(text, isQuoted: false))
    }
}
