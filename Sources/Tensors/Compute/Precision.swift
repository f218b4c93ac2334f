public import Buffers
public import Configs

/// The element types that products can be computed in.
public enum ComputeType: String, Codable, Sendable, Hashable, CaseIterable {
    /// IEEE single precision.
    case float32
    /// Operands and stored activations in bfloat16, sums in float32.
    case bfloat16

    /// The type of the elements in memory.
    public var dtype: DType { self == .float32 ? .float32 : .bfloat16 }
}

/// Which element type each kind of operation computes in.
///
/// Parameters, gradients of parameters, optimiser state, averages, statistics, softmax and loss are always float32.
///
/// Source of the division: Micikevicius et al. 2017, arXiv:1710.03740; of bfloat16: Kalamkar et al. 2019, arXiv:1905.12322.
public struct Precision: Configurable, Hashable {
    /// The element type of products, convolutions, attention and stored activations.
    public var compute = ComputeType.float32

    /// Float32 everywhere.
    public init() {}

    /// Nothing can be wrong: the type of the field refuses other words.
    public func validate() throws(ConfigError) {}
}
