/// How a method is written: its name alone, or a mapping with the name under `type` beside its parameters.
enum MethodCoding {
    private enum TypeKey: String, CodingKey {
        case type
    }

    static func decode(
        _ slot: String,
        _ methods: [any Method.Type],
        from decoder: any Decoder
    ) throws -> any Method {
        if let decoder = decoder as? NodeDecoder {
            return try decode(slot, methods, at: decoder.place)
        }
        let name = try decoder.container(keyedBy: TypeKey.self).decode(String.self, forKey: .type)
        return try find(name, slot, methods, path: [], at: nil).init(from: decoder)
    }

    static func encode(_ method: any Method, to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: TypeKey.self)
        try container.encode(type(of: method).name, forKey: .type)
        try method.encode(to: encoder)
        if let encoder = encoder as? NodeEncoder {
            encoder.sink.collapseLoneEntry()
        }
    }

    private static func decode(_ slot: String, _ methods: [any Method.Type], at place: NodePlace) throws -> any Method {
        let node = place.node
        let parameters = ConfigNode(.mapping((node.entries ?? []).filter { $0.key != "type" }), at: node.location)
        let named = node.entries == nil ? node : node["type"]
        guard let named, named.kind == .text, let name = named.text else {
            throw place.error(.missingType(slot: slot, known: methods.map { $0.name }))
        }
        let type = try find(name, slot, methods, path: place.path, at: named.location)
        let inner = NodePlace(node: parameters, defaults: nil, path: place.path)
        return try inner.readConfigurable(type, owner: name, as: (any Method).self)
    }

    private static func find(
        _ name: String,
        _ slot: String,
        _ methods: [any Method.Type],
        path: [String],
        at location: ConfigLocation?
    ) throws(ConfigError) -> any Method.Type {
        guard let type = methods.first(where: { $0.name == name }) else {
            let words = slot.replacing("_", with: " ")
            throw ConfigError(
                .unknownMethod(name, slot: words, known: methods.map { $0.name }),
                path: path,
                at: location
            )
        }
        return type
    }
}
