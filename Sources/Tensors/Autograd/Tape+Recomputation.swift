import Buffers

/// Operations that a tape computes again when it runs backward, so that their activations need not be kept until then.
///
/// Source: Chen et al. 2016, arXiv:1604.06174, section 4.
private struct Recomputation<State> {
    let inputs: [TensorData]
    /// The parameters that the operations read, in the order of the node's inputs behind `inputs`.
    let parameters: [Tape.LeafKey]
    let state: State
    let body: ([Tensor], Tape, inout State) -> Tensor

    /// Computes again and runs backward from a gradient of the result.
    ///
    /// What inputs and parameters have received so far goes along and comes back: the additions are those of a tape that kept everything,
    /// in the same order, so the bits are the same.
    func backward(_ gradient: TensorData, _ sink: GradientSink) {
        let tape = Tape()
        var links: [(inner: Int, outer: Int)] = []
        var watched: [Int: Tensor] = [:]
        let tensors = inputs.enumerated().map { index, data in
            guard sink.wants(index) else { return Tensor(data) }
            let outer = sink.node(of: index)
            if let tensor = watched[outer] { return tensor }
            let tensor = tape.watch(Tensor(data))
            watched[outer] = tensor
            links.append((tensor.node, outer))
            return tensor
        }
        var state = state
        let result = body(tensors, tape, &state)
        for (index, parameter) in parameters.enumerated() where sink.wants(inputs.count + index) {
            guard let node = tape.places[parameter] else { continue }
            links.append((node, sink.node(of: inputs.count + index)))
        }
        Self.run(tape, from: result, gradient, links, sink)
    }

    /// Runs a tape backward of which some nodes stand for nodes of the tape that `sink` belongs to.
    private static func run(
        _ tape: Tape,
        from result: Tensor,
        _ gradient: TensorData,
        _ links: [(inner: Int, outer: Int)],
        _ sink: GradientSink
    ) {
        var targets: [Int: Region] = [:]
        var before: [Int: GradientSink.Slot] = [:]
        for link in links {
            targets[link.inner] = sink.target(of: link.outer)
            before[link.inner] = sink.take(link.outer)
        }
        let kept = Set(links.map(\.inner))
        let found = tape.run(result, seed: gradient, targets: targets, kept: kept, before: before) { _ in }
        for link in links {
            if let slot = found[link.inner] ?? before[link.inner] { sink.giveBack(link.outer, slot) }
        }
    }
}

extension Tape {
    /// The result of operations of which only the inputs are kept: they are computed a second time when the tape runs backward.
    ///
    /// `body` gets the inputs and the tape to take its parameters from; it may use no other recorded tensors. `state` is what it changes
    /// besides, such as random numbers: both runs start from the same, and the first one's is returned. Gradients have the bits that they
    /// would have without this, and a parameter is final once its last user has run backward.
    ///
    /// Source: Chen et al. 2016, arXiv:1604.06174, section 4.
    public func recomputed<State>(
        _ inputs: [Tensor],
        state: State,
        _ body: @escaping ([Tensor], Tape, inout State) -> Tensor
    ) -> (result: Tensor, state: State) {
        for input in inputs { precondition(input.tape == nil || input.tape === self, "an input of another tape") }
        var after = state
        guard isRecording else { return (body(inputs, self, &after), after) }
        let listing = Tape(isRecording: false)
        let result = body(inputs.map(\.stopGradient), listing, &after)
        precondition(!result.isRecorded, "recomputed operations use a recorded tensor that is none of their inputs")
        let leaves = listing.leaves.sorted { $0.key < $1.key }.map(\.value)
        let places = inputs.map(\.node) + leaves.map { leaf($0.tensor, owner: $0.owner, range: $0.range).node }
        guard places.contains(where: { $0 >= 0 }) else { return (result, after) }
        let operations = Recomputation(
            inputs: inputs.map(\.data),
            parameters: leaves.map { LeafKey(owner: ObjectIdentifier($0.owner), range: $0.range) },
            state: state,
            body: body
        )
        return (append(result.data, inputs: places, operations.backward), after)
    }
}
