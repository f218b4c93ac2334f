public import Buffers
public import Communication
public import Configs
public import Diffusion

/// The size of images.
public struct ImageSection: Configurable {
    /// Rows of pixels.
    public var height = 32
    /// Pixels in a row.
    public var width = 32
    /// 1 for grey, 3 for colour.
    public var channels = 3

    /// The defaults.
    public init() {}

    /// Checks ranges.
    public func validate() throws(ConfigError) {
        try ConfigError.require((1...4096).contains(height), "height", found: height, expected: "1 to 4096")
        try ConfigError.require((1...4096).contains(width), "width", found: width, expected: "1 to 4096")
        try ConfigError.require([1, 3].contains(channels), "channels", found: channels, expected: "1 or 3")
    }

    /// `[H, W, C]`.
    public var shape: Shape { [height, width, channels] }
}

/// Sizes of batches.
public struct BatchSection: Configurable {
    /// Samples of one step, over all workers.
    public var global = 128
    /// Samples of one forward pass; bounds memory.
    public var micro = 64
    /// How the coordinator cuts a batch into shares for volunteers; the ranks of a cluster take equal parts of theirs.
    public var shares = ShareRule.speed

    /// The defaults.
    public init() {}

    /// Checks ranges.
    public func validate() throws(ConfigError) {
        try ConfigError.require((1...1_048_576).contains(global), "global", found: global, expected: "1 to 1048576")
        try ConfigError.require((1...65_536).contains(micro), "micro", found: micro, expected: "1 to 65536")
    }
}

/// How values travel between workers.
public struct CommunicationSection: Configurable {
    /// The bytes of values between hosts, and between volunteers.
    @Choice<Compressions> public var compression: any Compression = Float32Compression()
    /// How the values of volunteers become one; ranks of a cluster trust each other and always form the weighted mean among themselves.
    @Choice<Aggregators> public var aggregator: any Aggregator = WeightedMean()
    /// Whether a worker keeps what the codec drops of its values and adds it to the next ones.
    ///
    /// For `one-bit` and `top-k`, whose errors are not 0 on average. The codec then stands before every mean, also within a host.
    public var feedback = false
    /// What is kept of that from one mean to the next, in `[0, 1]`; 1 keeps everything.
    public var feedbackDecay = 1.0
    /// What values pass through between the ranks of a cluster; changes no number.
    public var path = ExchangePath.automatic
    /// Bytes of gradients that the ranks of a cluster exchange at a time, measured at the start where it is 0; no number depends on it.
    public var bucket = ByteCount(0)

    /// The defaults.
    public init() {}

    /// Checks ranges.
    public func validate() throws(ConfigError) {
        try ConfigError.require(
            feedbackDecay >= 0 && feedbackDecay <= 1,
            "feedback_decay",
            found: feedbackDecay,
            expected: "0 to 1"
        )
        guard !feedback || compression.isProjection else {
            throw ConfigError.conflict(
                "feedback: true",
                "compression: \(type(of: compression).name)",
                because: "only \(OneBitCompression.name) and \(TopKCompression.name) tell what they drop"
            )
        }
        // Blocks of a codec must not be cut differently when the size of buckets changes.
        let step: UInt64 = 16 << 10
        try ConfigError.require(
            bucket.rawValue == 0 || bucket.rawValue >= 64 << 10 && bucket.rawValue <= 1 << 30,
            "bucket",
            found: bucket,
            expected: "0B, or 64KiB to 1GiB"
        )
        try ConfigError.require(
            bucket.rawValue.isMultiple(of: step),
            "bucket",
            found: bucket,
            expected: "a multiple of 16KiB"
        )
    }
}

/// When the state is saved.
public struct CheckpointSection: Configurable {
    /// Samples from one checkpoint to the next.
    public var every = SampleCount(1 << 16)
    /// How many of the newest checkpoints stay.
    public var keep = 3

    /// The defaults.
    public init() {}

    /// Checks ranges.
    public func validate() throws(ConfigError) {
        try ConfigError.require(every.rawValue > 0, "every", found: every.rawValue, expected: "at least 1 sample")
        try ConfigError.require((1...1000).contains(keep), "keep", found: keep, expected: "1 to 1000")
    }
}

/// When, and how, samples are drawn and judged.
public struct EvaluationSection: Configurable {
    /// Samples from one evaluation to the next.
    public var every = SampleCount(1 << 16)
    /// Images drawn for the sheet.
    public var sheet = 100
    /// Images drawn to be judged; 0 judges only when asked to.
    public var count = 0
    /// How noise becomes images.
    @Choice<Samplers> public var sampler: any Sampler = Heun()
    /// How conditional and unconditional predictions combine.
    @Choice<Guidances> public var guidance: any Guidance = ClassifierFree()
    /// The seed of the drawn noise.
    public var seed: UInt64 = 1

    /// The defaults.
    public init() {}

    /// Checks ranges.
    public func validate() throws(ConfigError) {
        try ConfigError.require(every.rawValue > 0, "every", found: every.rawValue, expected: "at least 1 sample")
        try ConfigError.require((1...10_000).contains(sheet), "sheet", found: sheet, expected: "1 to 10000")
        try ConfigError.require((0...1_000_000).contains(count), "count", found: count, expected: "0 to 1000000")
    }
}

/// How often the log gets a line.
public struct ReportSection: Configurable {
    /// Samples from one line to the next.
    public var every = SampleCount(1 << 10)

    /// The defaults.
    public init() {}

    /// Checks ranges.
    public func validate() throws(ConfigError) {
        try ConfigError.require(every.rawValue > 0, "every", found: every.rawValue, expected: "at least 1 sample")
    }
}
