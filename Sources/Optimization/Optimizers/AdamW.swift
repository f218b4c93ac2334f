public import Buffers
public import Configs
import RealModule
import Tensors

/// Adam with weight decay that is decoupled from the gradient.
///
/// `m = beta1 m + (1 - beta1) g`, `v = beta2 v + (1 - beta2) g^2`,
/// `p = p - rate (weightDecay p + m' / (sqrt(v') + epsilon))` with `m' = m / (1 - beta1^n)` and `v' = v / (1 - beta2^n)` at update n = 1, 2, ...
///
/// Source: Loshchilov and Hutter 2017, arXiv:1711.05101, algorithm 2.
public struct AdamW: Optimizer {
    /// The word in run files.
    public static let name = "adamw"
    /// Where the optimiser is described.
    public static let reference = Reference(
        title: "Decoupled Weight Decay Regularization",
        year: 2017,
        link: "arXiv:1711.05101",
        equations: "algorithm 2"
    )

    /// The base learning rate, more than 0.
    public var rate = 1e-3
    /// Decay of the mean of gradients, in `[0, 1)`.
    public var beta1 = 0.9
    /// Decay of the mean of squared gradients, in `[0, 1)`.
    public var beta2 = 0.999
    /// Added to the root of the mean square, more than 0.
    public var epsilon = 1e-8
    /// The fraction of a parameter that is lost per unit of learning rate, at least 0; biases and norms are exempt.
    public var weightDecay = 0.0

    private static let first = "first-moment"
    private static let second = "second-moment"
    private static let updates = "updates"

    /// The optimiser with its defaults.
    public init() {}

    /// Checks the ranges.
    public func validate() throws(ConfigError) {
        try ConfigError.require(rate > 0 && rate.isFinite, "rate", found: rate, expected: "more than 0")
        try ConfigError.require(beta1 >= 0 && beta1 < 1, "beta1", found: beta1, expected: "in [0, 1)")
        try ConfigError.require(beta2 >= 0 && beta2 < 1, "beta2", found: beta2, expected: "in [0, 1)")
        try ConfigError.require(epsilon > 0 && epsilon < 1, "epsilon", found: epsilon, expected: "in (0, 1)")
        try ConfigError.require(
            weightDecay >= 0 && weightDecay.isFinite,
            "weightDecay",
            found: weightDecay,
            expected: "at least 0"
        )
    }

    /// Both moments at 0, `first-moment` and `second-moment`, and the count `updates`.
    public func makeState(_ layout: ParameterLayout) -> OptimizerState {
        OptimizerState(
            buffers: [
                Self.first: FlatBuffer(count: layout.count),
                Self.second: FlatBuffer(count: layout.count),
            ],
            scalars: [Self.updates: 0]
        )
    }

    /// One update in one pass over memory.
    public func update(
        _ parameters: FlatBuffer,
        _ gradients: FlatBuffer,
        _ state: inout OptimizerState,
        _ layout: ParameterLayout,
        rate: Double,
        step: Int
    ) {
        update(parameters, gradients, times: 1, &state, layout, rate: rate, step: step, averages: [])
    }

    /// One update and its averages in one pass over memory.
    ///
    /// The corrections of the moments count updates, not steps, so that a step without an update leaves no trace.
    public func update(
        _ parameters: FlatBuffer,
        _ gradients: FlatBuffer,
        times factor: Float,
        _ state: inout OptimizerState,
        _ layout: ParameterLayout,
        rate: Double,
        step: Int,
        averages: [AverageStep]
    ) {
        let count = (state.scalars[Self.updates] ?? 0) + 1
        state.scalars[Self.updates] = count
        let numbers = AdamWStep(
            rate: Float(rate),
            beta1: Float(beta1),
            beta2: Float(beta2),
            epsilon: Float(epsilon),
            weightDecay: Float(weightDecay),
            // From the betas that the kernel sees: 1 - 0.999 in single precision is off by 1e-5, which would not cancel.
            correction1: Float(1 - Double.pow(Double(Float(beta1)), count)),
            correction2: Float(1 - Double.pow(Double(Float(beta2)), count)),
            gradientScale: factor
        )
        Compute.backend.adamW(
            numbers,
            parameters: parameters.region,
            gradients: gradients.region,
            first: state.buffer(Self.first).region,
            second: state.buffer(Self.second).region,
            decayed: weightDecay == 0 ? [] : layout.decayedRanges,
            averages: averages.map { AverageShift($0.average.region, weight: $0.weight) }
        )
    }
}
