import FoundationEssentials
import Yams

extension ConfigNode {
    /// The longest text that is parsed, in bytes.
    public static let maximumBytes = 1 << 20
    /// The deepest nesting that is parsed, in levels.
    public static let maximumDepth = 32

    /// More uses of `*name` than this are refused before the parser would follow them.
    private static let maximumStars = 16

    /// Parses one YAML document; an empty text is an empty mapping.
    ///
    /// Refuses duplicate keys, anchors, aliases, tags, keys that are no plain text, a text of more than
    /// ``maximumBytes`` bytes and a tree of more than ``maximumDepth`` levels.
    public init(parsing text: String, file: String) throws(ConfigError) {
        let whole = ConfigLocation(file: file)
        guard text.utf8.count <= Self.maximumBytes else {
            throw ConfigError(.tooLarge(bytes: text.utf8.count, limit: Self.maximumBytes), at: whole)
        }
        try Self.refuseManyAliases(text, at: whole)
        var parser: Parser?
        let root: Node?
        do {
            parser = try Parser(yaml: text, resolver: .basic, encoding: .utf8)
            root = try parser?.singleRoot()
        } catch {
            throw Self.syntaxError(error, file: file)
        }
        // Nodes hold their anchors weakly; the parser keeps them until all nodes were looked at.
        defer { withExtendedLifetime(parser) {} }
        guard let root else {
            self.init(.mapping([]), at: whole)
            return
        }
        try self.init(root, file: file, depth: 1)
        if isNull {
            self.init(.mapping([]), at: whole)
        }
    }

    /// Reads and parses a file; only a regular file of at most ``maximumBytes`` bytes is read.
    public init(contentsOf path: String) throws(ConfigError) {
        let whole = ConfigLocation(file: path)
        let bytes: Data
        do {
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            let size = (attributes[.size] as? UInt64).map(Int.init(clamping:)) ?? 0
            guard size <= Self.maximumBytes else {
                throw ConfigError(.tooLarge(bytes: size, limit: Self.maximumBytes), at: whole)
            }
            guard attributes[.type] as? FileAttributeType != .typeDirectory else {
                throw ConfigError(.unreadable("it is a folder"), at: whole)
            }
            bytes = try Data(contentsOf: URL(filePath: path))
        } catch let error as ConfigError {
            throw error
        } catch let error as CocoaError where error.code == .fileReadNoSuchFile || error.code == .fileNoSuchFile {
            throw ConfigError(.unreadable("there is no such file"), at: whole)
        } catch {
            throw ConfigError(.unreadable("\(error)"), at: whole)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ConfigError(.unreadable("it is not UTF-8 text"), at: whole)
        }
        try self.init(parsing: text, file: path)
    }

    private init(_ node: Node, file: String, depth: Int) throws(ConfigError) {
        let location = node.mark.map { ConfigLocation(file: file, line: $0.line, column: $0.column) }
        guard depth <= Self.maximumDepth else {
            throw ConfigError(.tooDeep(limit: Self.maximumDepth), at: location)
        }
        guard node.anchor == nil else { throw ConfigError(.alias, at: location) }
        switch node {
        case .scalar(let scalar):
            try Self.refuseTag(node, unless: .str, at: location)
            self.init(.scalar(scalar.string, isQuoted: scalar.style != .plain && scalar.style != .any), at: location)
        case .sequence(let sequence):
            try Self.refuseTag(node, unless: .seq, at: location)
            var items: [ConfigNode] = []
            for item in sequence {
                items.append(try ConfigNode(item, file: file, depth: depth + 1))
            }
            self.init(.sequence(items), at: location)
        case .mapping(let mapping):
            try Self.refuseTag(node, unless: .map, at: location)
            self.init(.mapping(try Self.entries(mapping, file: file, depth: depth)), at: location)
        case .alias:
            throw ConfigError(.alias, at: location)
        }
    }

    private static func entries(_ mapping: Node.Mapping, file: String, depth: Int) throws(ConfigError) -> [Entry] {
        var entries: [Entry] = []
        var seen: Set<String> = []
        for (keyNode, valueNode) in mapping {
            let key = try ConfigNode(keyNode, file: file, depth: depth + 1)
            guard let name = key.text else {
                throw ConfigError(.wrongType(expected: "a key", found: key.inWords), at: key.location)
            }
            guard seen.insert(name).inserted else {
                throw ConfigError(.duplicateKey(name), at: key.location)
            }
            let value = try ConfigNode(valueNode, file: file, depth: depth + 1)
            entries.append(Entry(key: name, location: key.location, value: value))
        }
        return entries
    }

    private static func refuseTag(
        _ node: Node,
        unless name: Tag.Name,
        at location: ConfigLocation?
    ) throws(ConfigError) {
        let tag = node.tag.description
        if tag != name.rawValue {
            throw ConfigError(.tag(tag), at: location)
        }
    }

    /// Refuses text with so many candidates for aliases that following them could take exponential time.
    private static func refuseManyAliases(_ text: String, at location: ConfigLocation) throws(ConfigError) {
        var stars = 0
        for line in text.utf8.split(separator: UInt8(ascii: "\n")) {
            guard line.first(where: { $0 != UInt8(ascii: " ") }) != UInt8(ascii: "#") else { continue }
            var previous: UInt8 = 0
            for byte in line {
                let opensName = byte > UInt8(ascii: " ") && byte != UInt8(ascii: "*")
                stars += previous == UInt8(ascii: "*") && opensName ? 1 : 0
                previous = byte
            }
        }
        if stars > maximumStars {
            throw ConfigError(.alias, at: location)
        }
    }

    private static func syntaxError(_ error: any Error, file: String) -> ConfigError {
        switch error {
        case YamlError.scanner(_, let problem, let mark, _), YamlError.parser(_, let problem, let mark, _),
            YamlError.composer(_, let problem, let mark, _):
            ConfigError(
                .syntax(problem),
                at: ConfigLocation(file: file, line: mark.line, column: mark.column)
            )
        case YamlError.duplicatedKeysInMapping(let duplicates, let context):
            ConfigError(
                .duplicateKey(duplicates.first ?? ""),
                at: ConfigLocation(file: file, line: context.mark.line)
            )
        case YamlError.reader(let problem, _, _, _):
            ConfigError(.syntax(problem), at: ConfigLocation(file: file))
        default:
            ConfigError(.syntax("it could not be read"), at: ConfigLocation(file: file))
        }
    }
}
