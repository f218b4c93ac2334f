import Buffers
public import Tensors

/// Group norm with scale and shift per channel, and an activation fused behind it.
///
/// Statistics run over all positions and the channels of a group of one sample; the variance is biased.
///
/// Source: Wu and He 2018, arXiv:1803.08494.
public struct GroupNorm: Module {
    private let weight: Parameter
    private let bias: Parameter
    private let groups: Int
    private let epsilon: Float
    private let activation: Activation

    /// Registers `weight` and `bias` `[C]`; `groups` must divide the channels.
    public init(
        _ scope: ParameterScope,
        channels: Int,
        groups: Int,
        epsilon: Double,
        activation: Activation = .identity
    ) {
        precondition(channels.isMultiple(of: groups), "\(channels) channels in \(groups) groups")
        weight = scope.parameter("weight", [channels], .ones, decay: false)
        bias = scope.parameter("bias", [channels], .zeros, decay: false)
        self.groups = groups
        self.epsilon = Float(epsilon)
        self.activation = activation
    }

    /// Normalises `[B, ..., C]`.
    public func callAsFunction(_ x: Tensor, _ context: ForwardContext) -> Tensor {
        x.groupNorm(
            groups: groups,
            scale: context[weight],
            shift: context[bias],
            epsilon: epsilon,
            activation: activation
        )
    }
}
