public import Buffers
public import Configs
public import Tensors

/// An autoencoder of images with a normal distribution per latent element, in the structure and parameter names of the diffusers
/// library's `AutoencoderKL`.
///
/// Each level but the last halves the resolution. Widths 128, 256, 512, 512 with 32 groups make the common layout KL-F8, which answers
/// latents of an eighth of the image's sides with 4 channels.
///
/// Source: Kingma and Welling 2013, arXiv:1312.6114; network of Rombach et al. 2021, arXiv:2112.10752, appendix G.
public struct AutoencoderKL: Configurable {
    /// `down_blocks`, `mid_block` and `up_blocks`, as in ``UNet``.
    public static let blocks = UNet.blocks

    /// Channels of each level, from full resolution down; each a multiple of `normNumGroups`.
    public var blockOutChannels = [32, 64]
    /// Residual blocks of each level of the encoder, at least 1; the decoder has one more.
    public var layersPerBlock = 2
    /// Channels of a latent.
    public var latentChannels = 4
    /// Groups of every group norm.
    public var normNumGroups = 8
    /// Whether the lowest resolution has attention between its two residual blocks, in one head of all channels.
    public var midBlockAddAttention = true
    /// Whether a 1x1 convolution follows the encoder.
    public var useQuantConv = true
    /// Whether a 1x1 convolution comes before the decoder.
    public var usePostQuantConv = true
    /// Channels of the input; 0 for those of the image.
    public var inChannels = 0
    /// Channels of the output; 0 for those of the image.
    public var outChannels = 0

    /// The network with its defaults, which suit images of 8 to 32 pixels.
    public init() {}

    /// The factor by which a latent's sides are shorter than the image's.
    public var reduction: Int { 1 << (blockOutChannels.count - 1) }

    /// Checks the sizes against each other.
    public func validate() throws(ConfigError) {
        try ConfigError.require(
            (1...ModelLimits.levels).contains(blockOutChannels.count),
            "blockOutChannels",
            found: "\(blockOutChannels.count) levels",
            expected: "1 to \(ModelLimits.levels) levels"
        )
        try ModelLimits.check("normNumGroups", normNumGroups, in: 1...ModelLimits.width)
        try ModelLimits.check(blockOutChannels, inGroups: normNumGroups)
        try ModelLimits.check("layersPerBlock", layersPerBlock, in: 1...32)
        try ModelLimits.check("latentChannels", latentChannels, in: 1...ModelLimits.width)
        try ModelLimits.check("inChannels", inChannels, in: 0...ModelLimits.width)
        try ModelLimits.check("outChannels", outChannels, in: 0...ModelLimits.width)
    }

    /// Registers the network for images `[H, W, C]`; throws if the levels do not divide their sides.
    public func build(_ scope: ParameterScope, image: Shape) throws(ConfigError) -> Autoencoder {
        try ConfigError.require(
            image[0].isMultiple(of: reduction) && image[1].isMultiple(of: reduction),
            "blockOutChannels",
            found: "\(blockOutChannels.count) levels",
            expected: "as many levels as images of \(image[0]) by \(image[1]) pixels can be halved without a rest"
        )
        return Autoencoder(self, scope, imageChannels: image[2])
    }
}

/// The network of an ``AutoencoderKL`` definition.
///
/// Named activations: `encoder.conv_in`, `encoder.down_blocks.I`, `encoder.mid_block`, `quant_conv`, `decoder.conv_in`,
/// `decoder.mid_block`, `decoder.up_blocks.I`.
public struct Autoencoder: Sendable {
    /// Channels of the images it encodes.
    public let inputChannels: Int
    /// Channels of the images it decodes.
    public let outputChannels: Int
    /// Channels of a latent.
    public let latentChannels: Int
    private let encoder: LatentEncoder
    private let decoder: LatentDecoder
    private let afterEncoder: Convolution2D?
    private let beforeDecoder: Convolution2D?

    /// Registers the layers of a definition that is valid; `imageChannels` counts where it leaves channels open.
    public init(_ definition: AutoencoderKL, _ scope: ParameterScope, imageChannels: Int) {
        inputChannels = definition.inChannels == 0 ? imageChannels : definition.inChannels
        outputChannels = definition.outChannels == 0 ? imageChannels : definition.outChannels
        latentChannels = definition.latentChannels
        encoder = LatentEncoder(definition, scope.scope("encoder"), inputs: inputChannels)
        decoder = LatentDecoder(definition, scope.scope("decoder"), outputs: outputChannels)
        func mix(_ name: String, _ channels: Int) -> Convolution2D {
            Convolution2D(scope.scope(name), inputs: channels, outputs: channels, kernel: 1)
        }
        afterEncoder = definition.useQuantConv ? mix("quant_conv", 2 * latentChannels) : nil
        beforeDecoder = definition.usePostQuantConv ? mix("post_quant_conv", latentChannels) : nil
    }

    /// The distribution of the latents of images `[B, H, W, inputChannels]`.
    ///
    /// Sides that the reduction does not divide are rounded down.
    public func encode(_ x: Tensor, _ context: ForwardContext) -> LatentDistribution {
        let encoded = encoder(context.activation(x), context)
        let moments = context.tap("quant_conv", afterEncoder?(encoded, context) ?? encoded)
        let parts = moments.converted(to: .float32).split(2, axis: 3)
        return LatentDistribution(mean: parts[0], logVariance: parts[1].clamped(-30, 20))
    }

    /// The images `[B, H, W, outputChannels]` of latents `[B, H / reduction, W / reduction, latentChannels]`.
    public func decode(_ latent: Tensor, _ context: ForwardContext) -> Tensor {
        let start = context.activation(latent)
        return decoder(beforeDecoder?(start, context) ?? start, context).converted(to: .float32)
    }
}

/// Independent normal distributions of the elements of a batch of latents.
public struct LatentDistribution {
    /// The means, `[B, H, W, C]`.
    public let mean: Tensor
    /// The logarithms of the variances, `[B, H, W, C]`, in `[-30, 20]`.
    public let logVariance: Tensor

    /// Distributions of two tensors of one shape.
    public init(mean: Tensor, logVariance: Tensor) {
        precondition(mean.shape == logVariance.shape, "means \(mean.shape), logarithms \(logVariance.shape)")
        self.mean = mean
        self.logVariance = logVariance
    }

    /// Latents of this distribution, made from standard normal noise of its shape.
    ///
    /// Source: Kingma and Welling 2013, arXiv:1312.6114, section 2.4.
    public func sample(_ noise: Tensor) -> Tensor {
        mean + (logVariance * 0.5).exp() * noise
    }

    /// The divergence from the standard normal distribution of each sample, in nats, `[B]`.
    ///
    /// Source: Kingma and Welling 2013, arXiv:1312.6114, appendix B.
    public func divergence() -> Tensor {
        let excess = mean.squared() + logVariance.exp() - 1 - logVariance
        return excess.sum([1, 2, 3]) * 0.5
    }
}
