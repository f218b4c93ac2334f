public import Buffers
import Configs
public import Datasets
public import Networks
public import TensorFiles

/// A run file made concrete: the network for the data's images, and what the data is.
public struct Recipe: Sendable {
    /// The run file.
    public let config: RunConfig
    /// What the data is.
    public let manifest: DatasetManifest
    /// `[H, W, C]` of the images that the network sees.
    public let image: Shape
    /// The network.
    public let model: any Denoiser
    /// Its parameters.
    public let layout: ParameterLayout
    /// Starting values of the parameters, `[layout.count]`.
    public let initial: TensorData

    /// Opens the data and builds the network.
    public init(_ config: RunConfig) throws(TrainingError) {
        self.config = config
        do {
            manifest = try config.data.manifest()
        } catch {
            throw .data(error)
        }
        image = config.image?.shape ?? manifest.image
        let scope = ParameterScope()
        do {
            model = try config.model.build(scope, image: image, classes: manifest.classes)
        } catch {
            throw .config(error)
        }
        layout = scope.layout
        initial = scope.initialize(seed: config.seed).snapshot()
    }

    /// SHA-256 of the resolved run file.
    public var digest: Digest { Digest(of: ConfigEncoder.encode(config).utf8) }

    /// The state at the start of the run, or what a worker holds of it.
    public func makeState(_ sharing: StateSharing = .replicated) -> TrainState {
        let parameters = FlatBuffer(count: layout.count)
        parameters.copy(from: initial)
        return TrainState(
            layout: layout,
            parameters: parameters,
            optimizer: config.optimizer,
            averages: config.averages,
            progress: Progress(plannedSamples: config.length.rawValue),
            sharing: sharing
        )
    }
}
