public import Buffers

/// Records operations and runs them backward once.
///
/// Nodes stand in the order in which they were recorded and refer to each other by index; the closures of a tape hold data, never tensors or
/// other closures, so that chains of any length are released without recursion. Activations are released as soon as their node has run
/// backward, gradients as soon as they were used.
public final class Tape {
    typealias Backward = (_ gradient: TensorData, _ sink: GradientSink) -> Void

    private struct Node {
        let inputs: [Int]
        let shape: Shape
        let dtype: DType
        var backward: Backward?
    }

    /// A parameter: a range of a flat buffer.
    struct Leaf {
        let owner: FlatBuffer
        let range: Range<Int>
        let tensor: TensorData
    }

    struct LeafKey: Hashable {
        let owner: ObjectIdentifier
        let range: Range<Int>
    }

    private var nodes: [Node] = []
    private(set) var leaves: [Int: Leaf] = [:]
    private(set) var places: [LeafKey: Int] = [:]
    private var isSpent = false
    /// Whether operations are recorded; otherwise only the parameters that they read are noted.
    let isRecording: Bool

    /// An empty tape.
    public init() {
        isRecording = true
    }

    init(isRecording: Bool) {
        self.isRecording = isRecording
    }

    /// A parameter: `data` shows `range` of `owner`.
    ///
    /// The same owner and range give the same leaf, however often they are asked for; always in one element type. Its gradient is float32 in
    /// any case.
    public func leaf(_ data: TensorData, owner: FlatBuffer, range: Range<Int>) -> Tensor {
        precondition(data.shape.count == range.count, "\(data.shape) for \(range.count) parameters")
        let key = LeafKey(owner: ObjectIdentifier(owner), range: range)
        if let place = places[key], let leaf = leaves[place] {
            precondition(leaf.tensor.dtype == data.dtype, "a parameter in \(leaf.tensor.dtype) and in \(data.dtype)")
            return isRecording ? Tensor(leaf.tensor, tape: self, node: place) : Tensor(leaf.tensor)
        }
        let result = append(data, inputs: [], nil)
        places[key] = result.node
        leaves[result.node] = Leaf(owner: owner, range: range, tensor: data)
        return isRecording ? result : Tensor(data)
    }

    /// The tensor as an input whose gradient can be asked for.
    public func watch(_ tensor: Tensor) -> Tensor {
        if tensor.tape === self { return tensor }
        precondition(tensor.tape == nil, "a tensor of another tape cannot be watched")
        guard isRecording else { return tensor }
        return append(tensor.data, inputs: [], nil)
    }

    /// Adds the gradients of a loss of one element for all parameters of `owner` to `gradients`, each at the range of its parameter.
    ///
    /// `onReady` is called once for every leaf of `owner` as soon as its gradient is final. The tape is spent after it.
    public func backward(
        _ loss: Tensor,
        into gradients: FlatBuffer,
        of owner: FlatBuffer,
        onReady: (Range<Int>) -> Void = { _ in }
    ) {
        backward(loss, routes: [(owner, gradients)], onReady: onReady)
    }

    /// Adds the gradients of a loss of one element for the parameters of several owners, each to its own buffer.
    ///
    /// Parameters of other owners are constants. The tape is spent after it.
    public func backward(_ loss: Tensor, routes: [(owner: FlatBuffer, gradients: FlatBuffer)]) {
        backward(loss, routes: routes) { _ in }
    }

    private func backward(
        _ loss: Tensor,
        routes: [(owner: FlatBuffer, gradients: FlatBuffer)],
        onReady: (Range<Int>) -> Void
    ) {
        precondition(loss.shape.count == 1, "a loss has one element, found shape \(loss.shape)")
        var targets: [Int: Region] = [:]
        for (owner, gradients) in routes {
            precondition(owner.count == gradients.count, "\(gradients.count) gradients of \(owner.count) parameters")
            for (node, leaf) in leaves where leaf.owner === owner {
                targets[node] = gradients.region.part(leaf.range)
            }
        }
        let ranges = leaves.mapValues(\.range)
        run(loss, seed: TensorData.filled(loss.shape, 1), targets: targets, kept: []) { node in
            if let range = ranges[node] { onReady(range) }
        }
    }

    /// The gradients of `output` for tensors of this tape, all other leaves being constants; zeros where there is no dependence.
    ///
    /// `seed` is the gradient of the output itself, ones if nil: the results are those of the sum of `output * seed`. The tape is spent
    /// after it.
    public func gradients(of output: Tensor, seed: Tensor? = nil, withRespectTo tensors: [Tensor]) -> [Tensor] {
        precondition(seed.map { $0.shape == output.shape } ?? true, "the seed must have the shape \(output.shape)")
        for tensor in tensors { precondition(tensor.tape === self, "a gradient for a tensor that is not on this tape") }
        let start = seed?.data ?? TensorData.filled(output.shape, 1)
        let found = run(output, seed: start, targets: [:], kept: Set(tensors.map(\.node))) { _ in }
        return tensors.map { tensor in
            found[tensor.node].map { Tensor($0.data) } ?? Tensor.zeros(tensor.shape)
        }
    }

    func append(_ result: TensorData, inputs: [Int], _ backward: Backward?) -> Tensor {
        precondition(!isSpent, "a tape that has run backward records nothing more")
        nodes.append(Node(inputs: inputs, shape: result.shape, dtype: result.dtype, backward: backward))
        return Tensor(result, tape: self, node: nodes.count - 1)
    }

    /// Runs backward from `output`; returns the gradients of the nodes in `kept`.
    ///
    /// Gradients are added to what nodes have received `before`.
    @discardableResult
    func run(
        _ output: Tensor,
        seed: TensorData,
        targets: [Int: Region],
        kept: Set<Int>,
        before: [Int: GradientSink.Slot] = [:],
        isFinal: (Int) -> Void
    ) -> [Int: GradientSink.Slot] {
        precondition(!isSpent, "a tape runs backward once")
        precondition(output.tape == nil || output.tape === self, "the output is on another tape")
        let plan = self.plan(output.node, Set(targets.keys).union(kept))
        for leaf in targets.keys.sorted() where !plan.isOnPath(leaf) { isFinal(leaf) }
        let sink = GradientSink(types: nodes.map(\.dtype), wanted: plan.wanted, targets: targets)
        for (node, slot) in before { sink.giveBack(node, slot) }
        if plan.isOnPath(output.node) { sink.put(output.node, seed) }
        if targets[output.node] != nil { isFinal(output.node) }
        let found = sweep(sink, plan, kept: kept, isFinal: isFinal)
        isSpent = true
        nodes = []
        leaves = [:]
        places = [:]
        return found
    }

    /// Which nodes depend on a source, and how often each is used on the way to the output.
    private struct Plan {
        let output: Int
        var wanted: [Bool]
        var uses: [Int]

        func isOnPath(_ node: Int) -> Bool {
            node >= 0 && wanted[node] && (node == output || uses[node] > 0)
        }
    }

    private func plan(_ output: Int, _ sources: Set<Int>) -> Plan {
        var plan = Plan(
            output: output,
            wanted: [Bool](repeating: false, count: nodes.count),
            uses: [Int](repeating: 0, count: nodes.count)
        )
        for index in nodes.indices {
            plan.wanted[index] = sources.contains(index) || nodes[index].inputs.contains { $0 >= 0 && plan.wanted[$0] }
        }
        for index in nodes.indices.reversed() where plan.isOnPath(index) {
            for input in nodes[index].inputs where input >= 0 && plan.wanted[input] { plan.uses[input] += 1 }
        }
        return plan
    }

    private func sweep(
        _ sink: GradientSink,
        _ plan: Plan,
        kept: Set<Int>,
        isFinal: (Int) -> Void
    ) -> [Int: GradientSink.Slot] {
        var uses = plan.uses
        var found: [Int: GradientSink.Slot] = [:]
        for index in nodes.indices.reversed() {
            let node = nodes[index]
            nodes[index].backward = nil
            guard plan.isOnPath(index) else { continue }
            let slot = sink.take(index)
            if kept.contains(index) { found[index] = slot }
            if let gradient = slot?.data, let backward = node.backward {
                precondition(gradient.shape == node.shape, "gradient \(gradient.shape) of \(node.shape)")
                sink.begin(node.inputs)
                backward(gradient, sink)
            }
            for input in node.inputs where input >= 0 && plan.wanted[input] {
                uses[input] -= 1
                if uses[input] == 0, leaves[input] != nil { isFinal(input) }
            }
        }
        return found
    }
}
