/// Where in a configuration something stands.
public struct ConfigLocation: Sendable, Hashable, CustomStringConvertible {
    /// The name of the file, or `--set path.to.key=value` for a value from the command line.
    public let file: String
    /// The line, from 1; 0 if the whole file is meant.
    public let line: Int
    /// The column, from 1; 0 if the whole line is meant.
    public let column: Int

    /// Creates a location; without a line it means the whole file.
    public init(file: String, line: Int = 0, column: Int = 0) {
        self.file = file
        self.line = line
        self.column = column
    }

    /// The file and the line, as compilers print them.
    public var description: String {
        line == 0 ? file : "\(file):\(line)"
    }
}

/// What is wrong in a configuration, where, and what was meant.
public struct ConfigError: Error, Sendable, Hashable {
    /// Where the mistake stands; nil until a decoder that knows the file adds it.
    public var location: ConfigLocation?
    /// The keys that lead to the mistake, as a run file writes them; empty at the root.
    public var path: [String]
    /// What is wrong.
    public var problem: Problem

    /// Creates an error; a method's `validate` uses the shorter forms.
    public init(_ problem: Problem, path: [String] = [], at location: ConfigLocation? = nil) {
        self.problem = problem
        self.path = path
        self.location = location
    }

    /// Whether the user's input is at fault, so that a program exits with code 2: always true for a configuration.
    public var isUsage: Bool { true }

    /// What can be wrong in a configuration.
    public enum Problem: Sendable, Hashable {
        /// A key that the mapping does not have; `owner` is the method or section.
        case unknownKey(String, owner: String?, known: [String])
        /// A key that stands twice in one mapping.
        case duplicateKey(String)
        /// A key without a default that is not written.
        case missingKey(String)
        /// A value of the wrong kind.
        case wrongType(expected: String, found: String)
        /// A method name that the slot does not have.
        case unknownMethod(String, slot: String, known: [String])
        /// A choice without the name of a method.
        case missingType(slot: String, known: [String])
        /// A word that is none of those allowed.
        case unknownValue(String, known: [String])
        /// A value outside its range.
        case outOfRange(expected: String, found: String)
        /// Two settings that exclude each other.
        case conflict(String, String, reason: String)
        /// A length, size or time without a unit, or with one it does not have.
        case badUnit(quantity: String, examples: String, found: String)
        /// An anchor or an alias, which could make a small file expand without bound.
        case alias
        /// A YAML tag.
        case tag(String)
        /// Text that is no YAML; the parser's own words.
        case syntax(String)
        /// Text that is longer than a configuration may be.
        case tooLarge(bytes: Int, limit: Int)
        /// Nesting that is deeper than a configuration may be.
        case tooDeep(limit: Int)
        /// A file that cannot be read; the system's own words.
        case unreadable(String)
        /// An override that is no `path.to.key=value`, or whose path leads nowhere.
        case badOverride(expected: String, found: String)
        /// A value that a type refused in its own words.
        case refused(String)
    }
}

extension ConfigError {
    /// A value that lies outside its range: `.outOfRange("gamma", found: gamma, expected: "more than 0")`.
    ///
    /// `key` is the property's name in Swift or in the file; the path of the surrounding mapping is added later.
    public static func outOfRange(
        _ key: String,
        found: some CustomStringConvertible,
        expected: String
    ) -> ConfigError {
        ConfigError(.outOfRange(expected: expected, found: found.description), path: [KeyName.written(key)])
    }

    /// Two settings that exclude each other, with the reason as a clause.
    public static func conflict(_ first: String, _ second: String, because reason: String) -> ConfigError {
        ConfigError(.conflict(first, second, reason: reason))
    }

    /// Throws ``outOfRange(_:found:expected:)`` unless the condition holds.
    public static func require(
        _ condition: Bool,
        _ key: String,
        found: some CustomStringConvertible,
        expected: String
    ) throws(ConfigError) {
        if !condition {
            throw outOfRange(key, found: found, expected: expected)
        }
    }

    /// The error as seen from an enclosing mapping: its path is put in front, and its location if none is known.
    func within(_ path: [String], at location: ConfigLocation?) -> ConfigError {
        ConfigError(problem, path: path + self.path, at: self.location ?? location)
    }
}

extension ConfigError: CustomStringConvertible {
    /// One sentence with place and path: `a.yaml:14: objective.weighting: unknown key 'gama' for 'min-snr'; ...`.
    public var description: String {
        let place = location.map { "\($0): " } ?? ""
        let path = path.isEmpty ? "" : "\(Self.join(path)): "
        return place + path + problem.description
    }

    private static func join(_ path: [String]) -> String {
        path.reduce(into: "") { text, key in
            text += text.isEmpty || key.hasPrefix("[") ? key : ".\(key)"
        }
    }
}
