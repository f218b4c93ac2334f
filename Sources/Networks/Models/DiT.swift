public import Buffers
public import Configs

/// A transformer over patches of the image whose blocks are modulated by the noise level and the class, with the authors' parameter names.
///
/// A freshly initialised network answers exactly 0 and each of its blocks is the identity.
///
/// Source: Peebles and Xie 2022, arXiv:2212.09748.
public struct DiT: ModelDefinition {
    /// The word in run files.
    public static let name = "dit"
    /// Where the network is described.
    public static let reference = Reference(
        title: "Scalable Diffusion Models with Transformers",
        year: 2022,
        link: "arXiv:2212.09748",
        equations: "section 3.2, figure 3"
    )

    /// `blocks`: each block of attention and feed-forward layers.
    public static let blocks = ["blocks"]

    /// Channels of a token; a multiple of 4 and of `heads`.
    public var width = 128
    /// Blocks, at least 1.
    public var depth = 6
    /// Attention heads.
    public var heads = 4
    /// Side of a patch in pixels; divides both sides of the image.
    public var patch = 2
    /// Hidden channels of the feed-forward layers as a multiple of the width, more than 0.
    public var mlpRatio = 4.0
    /// Whether the network also answers a variance: twice the output channels.
    public var learnSigma = false
    /// Whose numbers are followed where implementations differ.
    public var variant: DiTVariant = .official
    /// Factor on the noise label before its features, not 0.
    public var timeScale = 1.0
    /// Channels of the input; 0 for those of the image.
    public var inChannels = 0
    /// Channels of the output before `learnSigma` doubles them; 0 for those of the image.
    public var outChannels = 0
    /// Whether classes condition the network, if the data has any.
    public var classConditional = true

    /// The network with its defaults, which suit images of 8 to 32 pixels.
    public init() {}

    /// Checks the sizes against each other.
    public func validate() throws(ConfigError) {
        try ModelLimits.check("width", width, in: 4...ModelLimits.width)
        try ModelLimits.check("depth", depth, in: 1...ModelLimits.depth)
        try ModelLimits.check("heads", heads, in: 1...ModelLimits.width)
        try ModelLimits.check("patch", patch, in: 1...1024)
        try ModelLimits.check("inChannels", inChannels, in: 0...ModelLimits.width)
        try ModelLimits.check("outChannels", outChannels, in: 0...ModelLimits.width)
        try ConfigError.require(width.isMultiple(of: 4), "width", found: width, expected: "a multiple of 4")
        try ConfigError.require(
            width.isMultiple(of: heads),
            "heads",
            found: heads,
            expected: "a divisor of the width \(width)"
        )
        try ConfigError.require(
            mlpRatio > 0 && mlpRatio <= 64 && Double(width) * mlpRatio >= 1,
            "mlpRatio",
            found: mlpRatio,
            expected: "more than 0, at most 64, and at least 1/\(width)"
        )
        try ConfigError.require(
            timeScale.isFinite && timeScale != 0,
            "timeScale",
            found: timeScale,
            expected: "a number other than 0"
        )
    }

    /// Registers the network for images `[H, W, C]`.
    public func build(_ scope: ParameterScope, image: Shape, classes: Int) throws(ConfigError) -> any Denoiser {
        try ConfigError.require(
            image[0].isMultiple(of: patch) && image[1].isMultiple(of: patch),
            "patch",
            found: patch,
            expected: "a divisor of both sides of the image, \(image[0]) by \(image[1]) pixels"
        )
        return DiTDenoiser(self, scope, imageChannels: image[2], classes: classConditional ? classes : 0)
    }
}

/// Whose numbers a ``DiT`` follows where implementations differ.
public enum DiTVariant: String, Codable, Sendable, CaseIterable {
    /// The authors' models: one embedding of noise level and class for all blocks.
    case official
    /// The diffusers library: an embedding in each block, frequencies with shift 1, and 1e-5 instead of 1e-6 in the norm before the
    /// feed-forward layers.
    case diffusers
}
