public import Configs

extension RunConfig {
    /// Reads a run file and applies changes of the form `path.to.key=value`.
    public init(contentsOf path: String, overrides: [String] = []) throws(ConfigError) {
        try self.init(ConfigNode(contentsOf: path), overrides)
    }

    /// Reads a run file's text; `file` names it in errors.
    public init(parsing text: String, file: String) throws(ConfigError) {
        try self.init(ConfigNode(parsing: text, file: file), [])
    }

    private init(_ node: ConfigNode, _ overrides: [String]) throws(ConfigError) {
        var node = node
        for override in overrides { node = try node.setting(override) }
        self = try ConfigDecoder.decode(RunConfig.self, from: node)
    }
}
