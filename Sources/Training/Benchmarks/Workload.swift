public import Buffers
import Configs
public import Networks

/// A network of known size with the images it sees, to measure steps with.
public struct Workload: Sendable {
    /// The name that a command gives.
    public let name: String
    /// The network.
    public let network: WorkloadNetwork
    /// `[H, W, C]`.
    public let image: Shape
    /// Classes of the condition, 0 for none.
    public let classes: Int
    /// Samples of one step unless told otherwise.
    public let batch: Int

    /// All workloads, by name.
    public static let all: [Workload] = [
        Workload(
            name: "dit-s",
            network: .denoiser(dit(width: 384, depth: 12, heads: 6)),
            image: [32, 32, 4],
            classes: 1000,
            batch: 8
        ),
        Workload(
            name: "dit-tiny",
            network: .denoiser(dit(width: 128, depth: 4, heads: 4)),
            image: [8, 8, 1],
            classes: 10,
            batch: 256
        ),
        Workload(name: "unet-medium", network: .denoiser(unetMedium), image: [32, 32, 3], classes: 0, batch: 8),
        Workload(name: "unet-small", network: .denoiser(unetSmall), image: [32, 32, 3], classes: 0, batch: 16),
        Workload(name: "vae", network: .autoencoder(vae), image: [64, 64, 3], classes: 0, batch: 4),
    ]

    /// Images of random numbers with the workload's classes in turn.
    func batch(of count: Int) -> Batch {
        var random = RandomStream(seed: 0, purpose: .augmentation, index: 0)
        return Batch(
            images: random.normal(Shape([count] + image.dimensions)),
            condition: Condition(labels: labels(count)),
            sampleIDs: (0..<UInt64(count)).map { $0 }
        )
    }

    /// The classes in turn; nil without any.
    func labels(_ count: Int) -> [Int]? {
        classes == 0 ? nil : (0..<count).map { $0 % classes }
    }

    private static func dit(width: Int, depth: Int, heads: Int) -> DiT {
        var model = DiT()
        model.width = width
        model.depth = depth
        model.heads = heads
        model.patch = 2
        return model
    }

    private static var unetSmall: UNet {
        var model = UNet()
        model.blockOutChannels = [64, 128, 128]
        model.downBlockTypes = [.plain, .plain, .attention]
        model.upBlockTypes = [.attention, .plain, .plain]
        model.normNumGroups = 32
        return model
    }

    private static var unetMedium: UNet {
        var model = UNet()
        model.blockOutChannels = [128, 256, 256, 256]
        model.downBlockTypes = [.plain, .attention, .plain, .plain]
        model.upBlockTypes = [.plain, .plain, .attention, .plain]
        model.attentionHeadDim = 0
        model.normNumGroups = 32
        model.normEps = 1e-6
        model.freqShift = 1
        model.flipSinToCos = false
        model.downsamplePadding = 0
        return model
    }

    private static var vae: AutoencoderKL {
        var model = AutoencoderKL()
        model.blockOutChannels = [64, 128, 256]
        model.normNumGroups = 32
        return model
    }
}

/// The kinds of networks that are measured; the kind decides the loss.
public enum WorkloadNetwork: Sendable {
    /// Learns to find the noise in images.
    case denoiser(any ModelDefinition)
    /// Learns to encode images and to decode them again.
    case autoencoder(AutoencoderKL)

    /// Names of the kinds of its blocks.
    var blocks: [String] {
        switch self {
        case .denoiser(let definition): type(of: definition).blocks
        case .autoencoder: AutoencoderKL.blocks
        }
    }

    /// Registers the network in a scope.
    func loss(_ scope: ParameterScope, image: Shape, classes: Int) throws(ConfigError) -> any WorkloadLoss {
        switch self {
        case .denoiser(let definition):
            DenoisingLoss(try definition.build(scope, image: image, classes: classes))
        case .autoencoder(let definition):
            ReconstructionLoss(model: try definition.build(scope, image: image))
        }
    }
}
