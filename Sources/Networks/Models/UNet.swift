public import Buffers
public import Configs

/// A convolutional U-shaped network with residual blocks, in the structure and parameter names of the diffusers library's `UNet2DModel`.
///
/// Source: Ho et al. 2020, arXiv:2006.11239, appendix B. Images of any size of at least one pixel a level are taken.
public struct UNet: ModelDefinition {
    /// The word in run files.
    public static let name = "unet"
    /// Where the network is described.
    public static let reference = Reference(
        title: "Denoising Diffusion Probabilistic Models",
        year: 2020,
        link: "arXiv:2006.11239",
        equations: "appendix B"
    )

    /// `down_blocks`, `mid_block` and `up_blocks`: their residual blocks, each with the attention behind it.
    public static let blocks = ["down_blocks", "mid_block", "up_blocks"]

    /// Channels of each level, from full resolution down; each a multiple of `normNumGroups`.
    public var blockOutChannels = [32, 64]
    /// Residual blocks of each level on the way down, at least 1; one more on the way up.
    public var layersPerBlock = 2
    /// The kind of each level on the way down, from full resolution down.
    public var downBlockTypes: [DownBlockType] = [.plain, .attention]
    /// The kind of each level on the way up, from the lowest resolution up.
    public var upBlockTypes: [UpBlockType] = [.attention, .plain]
    /// Channels of an attention head; 0 makes one head of all channels.
    public var attentionHeadDim = 8
    /// Whether the lowest resolution has attention between its two residual blocks.
    public var addAttention = true
    /// Groups of every group norm.
    public var normNumGroups = 8
    /// Added to the variance in every group norm, more than 0.
    public var normEps = 1e-5
    /// How the noise embedding enters a residual block.
    public var resnetTimeScaleShift: TimeScaleShift = .default
    /// Channels of the noise embedding; 0 for four times the first level's.
    public var timeEmbeddingDim = 0
    /// Whether the time features hold cosines before sines.
    public var flipSinToCos = true
    /// Shift of the divisor in the time features, 0 or 1.
    public var freqShift = 0
    /// Padding of the convolutions that halve the resolution: 1 on all sides, or 0 for right and bottom only.
    public var downsamplePadding = 1
    /// Divisor of the block outputs at the lowest resolution, more than 0.
    public var midBlockScaleFactor = 1.0
    /// Whether the input is mapped from `[0, 1]` to `[-1, 1]` first.
    public var centerInputSample = false
    /// Probability of dropping a unit in residual blocks, in `[0, 1)`.
    public var dropout = 0.0
    /// Channels of the input; 0 for those of the image.
    public var inChannels = 0
    /// Channels of the output; 0 for those of the image.
    public var outChannels = 0
    /// Whether classes condition the network, if the data has any.
    public var classConditional = true
    /// Rows of the class table, the last for no class; 0 for one more than the data has classes.
    public var numClassEmbeds = 0
    /// Whether the last layer of every residual branch and of the network starts at zero.
    public var zeroInit = true

    /// The network with its defaults, which suit images of 8 to 32 pixels.
    public init() {}

    /// Checks the sizes against each other.
    public func validate() throws(ConfigError) {
        try validateLevels()
        try ModelLimits.check("layersPerBlock", layersPerBlock, in: 1...32)
        try ModelLimits.check("timeEmbeddingDim", timeEmbeddingDim, in: 0...ModelLimits.width)
        try ModelLimits.check("freqShift", freqShift, in: 0...1)
        try ModelLimits.check("downsamplePadding", downsamplePadding, in: 0...1)
        try ModelLimits.check("inChannels", inChannels, in: 0...ModelLimits.width)
        try ModelLimits.check("outChannels", outChannels, in: 0...ModelLimits.width)
        try ModelLimits.check("numClassEmbeds", numClassEmbeds, in: 0...ModelLimits.classes)
        try ConfigError.require(normEps > 0 && normEps < 1, "normEps", found: normEps, expected: "in (0, 1)")
        try ConfigError.require(dropout >= 0 && dropout < 1, "dropout", found: dropout, expected: "in [0, 1)")
        try ConfigError.require(
            midBlockScaleFactor > 0 && midBlockScaleFactor.isFinite,
            "midBlockScaleFactor",
            found: midBlockScaleFactor,
            expected: "more than 0"
        )
    }

    private func validateLevels() throws(ConfigError) {
        let levels = blockOutChannels.count
        try ConfigError.require(
            (1...ModelLimits.levels).contains(levels),
            "blockOutChannels",
            found: "\(levels) levels",
            expected: "1 to \(ModelLimits.levels) levels"
        )
        try ConfigError.require(
            downBlockTypes.count == levels,
            "downBlockTypes",
            found: "\(downBlockTypes.count) levels",
            expected: "\(levels) levels, as block_out_channels has"
        )
        try ConfigError.require(
            upBlockTypes.count == levels,
            "upBlockTypes",
            found: "\(upBlockTypes.count) levels",
            expected: "\(levels) levels, as block_out_channels has"
        )
        try ModelLimits.check("normNumGroups", normNumGroups, in: 1...ModelLimits.width)
        try ModelLimits.check("attentionHeadDim", attentionHeadDim, in: 0...ModelLimits.width)
        try ModelLimits.check(blockOutChannels, inGroups: normNumGroups)
        try ConfigError.require(
            blockOutChannels[0].isMultiple(of: 2) && blockOutChannels[0] / 2 > freqShift,
            "blockOutChannels",
            found: blockOutChannels[0],
            expected: "an even first number of at least \(2 * freqShift + 2)"
        )
        for channels in attentionChannels {
            try ConfigError.require(
                channels.isMultiple(of: headSize(channels)),
                "attentionHeadDim",
                found: attentionHeadDim,
                expected: "a divisor of the \(channels) channels of a level with attention, or 0"
            )
        }
    }

    private var attentionChannels: [Int] {
        let down = zip(blockOutChannels, downBlockTypes).filter { $0.1 == .attention }.map(\.0)
        let up = zip(blockOutChannels.reversed(), upBlockTypes).filter { $0.1 == .attention }.map(\.0)
        return down + up + (addAttention ? blockOutChannels.suffix(1) : [])
    }

    /// The channels of an attention head in a block of so many channels.
    func headSize(_ channels: Int) -> Int {
        attentionHeadDim == 0 ? channels : attentionHeadDim
    }

    /// Registers the network for images `[H, W, C]`.
    public func build(_ scope: ParameterScope, image: Shape, classes: Int) throws(ConfigError) -> any Denoiser {
        let smallest = 1 << (blockOutChannels.count - 1)
        try ConfigError.require(
            min(image[0], image[1]) >= smallest,
            "blockOutChannels",
            found: "\(blockOutChannels.count) levels",
            expected: "at most as many levels as images of \(image[0]) by \(image[1]) pixels can be halved"
        )
        let conditions = classConditional && classes > 0
        try ConfigError.require(
            !conditions || numClassEmbeds == 0 || numClassEmbeds > classes,
            "numClassEmbeds",
            found: numClassEmbeds,
            expected: "0, or at least \(classes + 1): the \(classes) classes of the data and no class"
        )
        return UNetDenoiser(self, scope, imageChannels: image[2], classes: conditions ? classes : 0)
    }
}

/// The kind of a level on the way down.
public enum DownBlockType: String, Codable, Sendable, CaseIterable {
    /// Residual blocks.
    case plain = "DownBlock2D"
    /// Residual blocks with attention behind each.
    case attention = "AttnDownBlock2D"
}

/// The kind of a level on the way up.
public enum UpBlockType: String, Codable, Sendable, CaseIterable {
    /// Residual blocks.
    case plain = "UpBlock2D"
    /// Residual blocks with attention behind each.
    case attention = "AttnUpBlock2D"
}

/// How the noise embedding enters a residual block.
public enum TimeScaleShift: String, Codable, Sendable, CaseIterable {
    /// It is added before the second norm.
    case `default`
    /// It scales and shifts behind the second norm.
    case scaleShift = "scale_shift"
}
