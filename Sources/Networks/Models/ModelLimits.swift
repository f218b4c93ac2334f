import Configs

/// Bounds on the sizes that a run file may ask for, so that a mistake is an error and not an exhausted machine.
enum ModelLimits {
    /// Channels of a layer.
    static let width = 1 << 15
    /// Levels of resolution.
    static let levels = 10
    /// Blocks one after another.
    static let depth = 1000
    /// Rows of a class table.
    static let classes = 1 << 20

    /// Throws unless an integer property lies in a range.
    static func check(_ key: String, _ value: Int, in range: ClosedRange<Int>) throws(ConfigError) {
        try ConfigError.require(
            range.contains(value),
            key,
            found: value,
            expected: "from \(range.lowerBound) to \(range.upperBound)"
        )
    }

    /// Throws unless the channels of each level are in range and fall into groups for their norms.
    static func check(_ blockOutChannels: [Int], inGroups normNumGroups: Int) throws(ConfigError) {
        for channels in blockOutChannels {
            try check("blockOutChannels", channels, in: 1...width)
            try ConfigError.require(
                channels.isMultiple(of: normNumGroups),
                "blockOutChannels",
                found: channels,
                expected: "multiples of norm_num_groups \(normNumGroups)"
            )
        }
    }
}
