extension ConfigNode {
    /// The tree with one value replaced, for `--set path.to.key=value`.
    ///
    /// `path` names keys as a run file writes them, with numbers for items of a list: `averages.0.width`. `text` is
    /// parsed as YAML. Missing keys are added; a choice that is written as a bare name becomes a mapping with `type:`.
    public func setting(_ path: String, to text: String) throws(ConfigError) -> ConfigNode {
        let keys = path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        let location = ConfigLocation(file: "--set \(path)=\(text.prefix(80))")
        guard keys.allSatisfy({ !$0.isEmpty }), keys.count < Self.maximumDepth else {
            throw ConfigError(.badOverride(expected: "a path such as 'objective.weighting'", found: path), at: location)
        }
        var value = try ConfigNode(parsing: text, file: location.file)
        if value.entries?.isEmpty == true, !text.contains("{") {
            value = .null
        }
        return try replacing(keys[...], with: value.relocated(to: location), at: location)
    }

    /// The tree with an override as it stands on a command line: `path.to.key=value`.
    public func setting(_ override: String) throws(ConfigError) -> ConfigNode {
        guard let mark = override.firstIndex(of: "=") else {
            throw ConfigError(
                .badOverride(expected: "'path.to.key=value'", found: override),
                at: ConfigLocation(file: "--set")
            )
        }
        return try setting(String(override[..<mark]), to: String(override[override.index(after: mark)...]))
    }

    private func replacing(
        _ keys: ArraySlice<String>,
        with value: ConfigNode,
        at place: ConfigLocation
    ) throws(ConfigError) -> ConfigNode {
        guard let key = keys.first else { return value }
        switch content {
        case .mapping(var entries):
            if let index = entries.firstIndex(where: { $0.key == key }) {
                entries[index].value = try entries[index].value.replacing(keys.dropFirst(), with: value, at: place)
            } else {
                let inner = try ConfigNode(.mapping([]), at: place).replacing(keys.dropFirst(), with: value, at: place)
                entries.append(Entry(key: key, location: place, value: inner))
            }
            return ConfigNode(.mapping(entries), at: location)
        case .sequence(var items):
            guard let index = Int(key), items.indices.contains(index) else {
                let range =
                    items.isEmpty ? "no item, because the list is empty" : "an item from 0 to \(items.count - 1)"
                throw ConfigError(.badOverride(expected: range, found: key), at: place)
            }
            items[index] = try items[index].replacing(keys.dropFirst(), with: value, at: place)
            return ConfigNode(.sequence(items), at: location)
        case .scalar(let text, _):
            let name = Entry(key: "type", location: location, value: self)
            let entries = kind == .text && !text.isEmpty ? [name] : []
            return try ConfigNode(.mapping(entries), at: location ?? place).replacing(keys, with: value, at: place)
        }
    }
}
