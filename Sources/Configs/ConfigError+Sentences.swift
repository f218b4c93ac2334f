extension ConfigError.Problem: CustomStringConvertible {
    /// What was expected, what was found, and what to do.
    public var description: String {
        switch self {
        case .unknownKey(let key, let owner, let known):
            "unknown key '\(key)'\(owner.map { " for '\($0)'" } ?? "")\(Self.hint(key, known, kind: "keys"))"
        case .duplicateKey(let key):
            "the key '\(key)' stands twice; keep one of them"
        case .missingKey(let key):
            "the key '\(key)' is missing and has no default; write it"
        case .wrongType(let expected, let found):
            "expected \(expected), found \(found)"
        case .unknownMethod(let name, let slot, let known):
            "no \(slot) is named '\(name)'\(Self.hint(name, known, kind: "names"))"
        case .missingType(let slot, let known):
            "expected the name of a \(slot) or a mapping with 'type:'; known names are \(Self.list(known))"
        case .unknownValue(let value, let known):
            "unknown value '\(value)'\(Self.hint(value, known, kind: "values"))"
        case .outOfRange(let expected, let found):
            "expected \(expected), found \(found)"
        case .conflict(let first, let second, let reason):
            "'\(first)' and '\(second)' exclude each other: \(reason)"
        case .badUnit(let quantity, let examples, let found):
            "expected \(quantity) with a unit, such as \(examples), found '\(found)'"
        default:
            syntaxDescription
        }
    }

    private var syntaxDescription: String {
        switch self {
        case .alias:
            "anchors and aliases are not allowed; write the value out"
        case .tag(let tag):
            "the tag '\(tag)' is not allowed; remove it"
        case .syntax(let words):
            "this is not valid YAML: \(words)"
        case .tooLarge(let bytes, let limit):
            "expected at most \(limit) bytes, found \(bytes); a configuration holds no data"
        case .tooDeep(let limit):
            "expected at most \(limit) levels of nesting, found more"
        case .unreadable(let words):
            "the file cannot be read: \(words)"
        case .badOverride(let expected, let found):
            "expected \(expected), found '\(found)'"
        case .refused(let words):
            words
        default:
            "the configuration is not valid"
        }
    }

    private static func hint(_ word: String, _ known: [String], kind: String) -> String {
        if let nearest = Suggestion.nearest(to: word, in: known) {
            return "; did you mean '\(nearest)'?"
        }
        return known.isEmpty ? "; it has no \(kind)" : "; known \(kind) are \(list(known))"
    }

    private static func list(_ words: [String]) -> String {
        words.map { "'\($0)'" }.joined(separator: ", ")
    }
}
