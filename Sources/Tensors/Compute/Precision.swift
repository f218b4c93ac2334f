public import Buffers
public import Configs

/// Which element type each kind of operation computes in.
///
/// Parameters, gradients, optimiser state, statistics, softmax and loss are always float32.
public struct Precision: Configurable, Hashable {
    /// The element type of products, convolutions, attention and stored activations; only `F32`.
    public var compute: DType = .float32

    /// Float32 everywhere.
    public init() {}

    /// Refuses element types that no backend computes in.
    public func validate() throws(ConfigError) {
        try ConfigError.require(
            compute == .float32,
            "compute",
            found: compute.rawValue,
            expected: "F32, the only element type that products are computed in"
        )
    }
}
