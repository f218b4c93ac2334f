public import Buffers
public import Configs

/// A model as a configuration: its properties are its sizes, and it builds the network for them.
public protocol ModelDefinition: Method {
    /// Names of the kinds of blocks that the network passes to ``ForwardContext/block(_:_:_:)``; none by default.
    static var blocks: [String] { get }

    /// Registers the parameters of the network in `scope` and answers the network.
    ///
    /// `image` is `[H, W, C]` of the images it will denoise; `classes` is the number of classes of the data, 0 without labels. Throws if the
    /// sizes do not fit each other or the image.
    func build(_ scope: ParameterScope, image: Shape, classes: Int) throws(ConfigError) -> any Denoiser
}

extension ModelDefinition {
    /// None.
    public static var blocks: [String] { [] }
}
