/// A group of settings that a run file can spell out, with a default for every one.
///
/// The stored properties are the keys: `warmupLength` is read from `warmup_length`. Conformance to `Codable` is
/// synthesised; ``ConfigDecoder`` takes the value of every key that is not written from `init()`.
public protocol Configurable: Codable, Sendable {
    /// Creates the value with every default.
    init()

    /// Checks ranges and rules between properties.
    ///
    /// Throws an error made by ``ConfigError/outOfRange(_:found:expected:)`` or
    /// ``ConfigError/conflict(_:_:because:)``; the decoder adds the file, the line and the path.
    func validate() throws(ConfigError)
}

/// One method of a slot: a schedule, a loss weighting, an optimiser, a compression.
///
/// Its stored properties are its hyper-parameters, so the value is also its configuration. The key `type` is reserved
/// for the name and is never a property.
public protocol Method: Configurable {
    /// The word after `type:` in a run file, in kebab case.
    static var name: String { get }

    /// Where the method is described.
    static var reference: Reference { get }
}

/// Where a method is described in the literature.
public struct Reference: Codable, Hashable, Sendable {
    /// The title of the paper, book or document.
    public let title: String
    /// The year it appeared.
    public let year: Int
    /// Where to find it, such as `arXiv:2303.09556` or an address.
    public let link: String
    /// The equations or algorithms that the code follows; empty if the text numbers none.
    public let equations: String

    /// Creates a reference from its parts.
    public init(title: String, year: Int, link: String, equations: String = "") {
        self.title = title
        self.year = year
        self.link = link
        self.equations = equations
    }
}
