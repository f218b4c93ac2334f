public import Buffers
public import Configs

/// What an optimiser remembers between updates; all of it is saved with a run.
public struct OptimizerState {
    /// Numbers for each parameter, by name, such as `first-moment`; each as long as the parameters.
    public var buffers: [String: FlatBuffer]
    /// Single numbers by name, such as `updates`.
    public var scalars: [String: Double]

    /// Makes a state.
    public init(buffers: [String: FlatBuffer] = [:], scalars: [String: Double] = [:]) {
        self.buffers = buffers
        self.scalars = scalars
    }

    /// The buffer of a name, which the optimiser itself made; a missing one is a bug and traps.
    public func buffer(_ name: String) -> FlatBuffer {
        guard let buffer = buffers[name] else {
            preconditionFailure("no buffer '\(name)' in a state with \(buffers.keys.sorted())")
        }
        return buffer
    }

    /// An independent copy.
    public func copied() -> OptimizerState {
        OptimizerState(buffers: buffers.mapValues { FlatBuffer(copying: $0) }, scalars: scalars)
    }
}

/// A rule that turns gradients into a change of the parameters.
///
/// Every element is updated from its own gradient and state alone, unless `isElementwise` says otherwise, so that the result does not depend
/// on how a buffer is cut.
public protocol Optimizer: Method {
    /// Whether every element is updated from its own parameter, gradient and state alone, so that parts of a buffer may be updated apart.
    static var isElementwise: Bool { get }

    /// The base learning rate, which a rate schedule multiplies.
    var rate: Double { get }

    /// The state before the first update.
    func makeState(_ layout: ParameterLayout) -> OptimizerState

    /// Changes the parameters and the state in place.
    ///
    /// `gradients` are of the mean loss and already clipped; `rate` is the learning rate of this update; `step` counts the steps of the run
    /// before this one, from 0, including steps without an update.
    func update(
        _ parameters: FlatBuffer,
        _ gradients: FlatBuffer,
        _ state: inout OptimizerState,
        _ layout: ParameterLayout,
        rate: Double,
        step: Int
    )

    /// The same for gradients that are yet to be multiplied by `factor`, after which averages move towards the new parameters.
    ///
    /// The numbers are those of one pass after another; an optimiser that can, does it in one. `gradients` may be changed.
    func update(
        _ parameters: FlatBuffer,
        _ gradients: FlatBuffer,
        times factor: Float,
        _ state: inout OptimizerState,
        _ layout: ParameterLayout,
        rate: Double,
        step: Int,
        averages: [AverageStep]
    )
}

extension Optimizer {
    /// True.
    public static var isElementwise: Bool { true }

    /// One pass after another.
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
        if factor != 1 { gradients.scale(by: factor) }
        update(parameters, gradients, &state, layout, rate: rate, step: step)
        for average in averages { average.take(toward: parameters) }
    }
}

extension ParameterLayout {
    /// The elements that weight decay applies to, as few ranges as possible.
    var decayedRanges: [Range<Int>] {
        var ranges: [Range<Int>] = []
        for parameter in parameters where parameter.decay {
            if let last = ranges.last, last.upperBound == parameter.range.lowerBound {
                ranges[ranges.count - 1] = last.lowerBound..<parameter.range.upperBound
            } else {
                ranges.append(parameter.range)
            }
        }
        return ranges
    }
}
