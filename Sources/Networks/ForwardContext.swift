public import Buffers
public import Tensors

/// One forward pass: the parameter values it reads, the tape it records on, and its random numbers.
///
/// A context belongs to one thread. The same model may be run with several contexts in one step, each with a buffer of its own (parameters,
/// average, teacher, copy).
public final class ForwardContext {
    /// The parameter values of this pass, in the types that it computes in.
    public let weights: ComputeWeights
    /// The parameter values of this pass in float32.
    public var parameters: FlatBuffer { weights.parameters }
    /// Where operations are recorded; nil records nothing.
    public let tape: Tape?
    /// Whether layers that differ in training, such as dropout, are in training.
    public let isTraining: Bool
    /// Whether parameters are leaves of the tape; otherwise they are constants and gradients flow through them only to inputs.
    public let isTrainable: Bool
    /// Random numbers for units that are dropped; give two passes the same stream and they drop the same units.
    public var random: RandomStream
    /// One stream a sample, in the order of the batch; if given, dropped units of a sample do not depend on how the batch is split.
    public var sampleRandoms: [RandomStream]
    /// Activations by name, or nil (the default) to record none.
    ///
    /// Set it to `[:]` before the pass to record all.
    public var taps: [String: Tensor]?
    /// Names of blocks whose activations are not kept for the way back but computed again; none by default.
    public var recomputedBlocks: Set<String> = []

    /// A forward pass over `parameters` in float32.
    public convenience init(
        parameters: FlatBuffer,
        tape: Tape?,
        isTraining: Bool,
        random: RandomStream,
        isTrainable: Bool = true
    ) {
        let weights = ComputeWeights(parameters, Precision())
        self.init(weights: weights, tape: tape, isTraining: isTraining, random: random, isTrainable: isTrainable)
    }

    /// A forward pass in the precision of `weights`.
    public init(
        weights: ComputeWeights,
        tape: Tape?,
        isTraining: Bool,
        random: RandomStream,
        isTrainable: Bool = true
    ) {
        self.weights = weights
        self.tape = tape
        self.isTraining = isTraining
        self.isTrainable = isTrainable
        self.random = random
        sampleRandoms = []
    }

    /// The value of a parameter: a leaf of the tape, or a constant if there is no tape or the parameters are not trainable.
    public subscript(_ parameter: Parameter) -> Tensor {
        let data = parameters.view(parameter.range, shape: parameter.shape)
        guard let tape, isTrainable else { return Tensor(data) }
        return tape.leaf(data, owner: parameters, range: parameter.range)
    }

    /// The weight of a product, in the type that products compute in; the same leaf of the tape otherwise.
    public func weight(_ parameter: Parameter) -> Tensor {
        guard let tape, isTrainable else { return Tensor(weights[parameter]) }
        return tape.leaf(weights[parameter], owner: parameters, range: parameter.range)
    }

    /// A tensor in the element type of activations, in which everything that follows from it is kept.
    public func activation(_ tensor: Tensor) -> Tensor {
        tensor.converted(to: weights.precision.compute.dtype)
    }

    /// The result of one block of a network: recorded as it is, or to be computed again if `name` is one of `recomputedBlocks`.
    ///
    /// `body` gets the inputs and the context that its layers must use; of recorded tensors it may use only these inputs, and it must not
    /// capture this context. Activations that it taps while it is recomputed are constants. The numbers are the same either way.
    public func block(
        _ name: String,
        _ inputs: [Tensor],
        _ body: @escaping (_ inputs: [Tensor], _ context: ForwardContext) -> Tensor
    ) -> Tensor {
        guard let tape, recomputedBlocks.contains(name) else { return body(inputs, self) }
        let start = Changes(random: random, sampleRandoms: sampleRandoms, taps: taps.map { _ in [:] })
        let (weights, isTraining, isTrainable) = (weights, isTraining, isTrainable)
        let blocks = recomputedBlocks
        let (result, changes) = tape.recomputed(inputs, state: start) { inputs, tape, changes in
            let context = ForwardContext(
                weights: weights,
                tape: tape,
                isTraining: isTraining,
                random: changes.random,
                isTrainable: isTrainable
            )
            context.recomputedBlocks = blocks
            (context.sampleRandoms, context.taps) = (changes.sampleRandoms, changes.taps)
            let result = body(inputs, context)
            changes = Changes(random: context.random, sampleRandoms: context.sampleRandoms, taps: context.taps)
            return result
        }
        (random, sampleRandoms) = (changes.random, changes.sampleRandoms)
        taps?.merge(changes.taps ?? [:]) { $1 }
        return result
    }

    /// What a pass changes in its context.
    private struct Changes {
        var random: RandomStream
        var sampleRandoms: [RandomStream]
        var taps: [String: Tensor]?
    }

    /// Records an activation under a name if taps are wanted, and hands it on.
    @discardableResult
    public func tap(_ name: String, _ tensor: Tensor) -> Tensor {
        taps?[name] = tensor
        return tensor
    }
}
