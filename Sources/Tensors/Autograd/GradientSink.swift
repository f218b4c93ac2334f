import Buffers

/// Collects the gradients of nodes while a tape runs backward.
///
/// A gradient that came from one user is kept as it is, perhaps shared with other nodes; from the second on they are added up in memory of
/// their own. A gradient has the element type of its node; those of parameters go straight to their flat buffer, in float32.
final class GradientSink {
    /// What a node has received so far.
    struct Slot {
        var data: TensorData
        /// Whether nobody else holds the memory, so that it may be added to.
        var isOwned: Bool
    }

    private var slots: [Slot?]
    private let types: [DType]
    private let wanted: [Bool]
    private let targets: [Int: Region]
    private var inputs: [Int] = []

    /// A sink for nodes of these element types, of which those `wanted` receive gradients; the ones in `targets` into these regions.
    init(types: [DType], wanted: [Bool], targets: [Int: Region]) {
        self.types = types
        self.wanted = wanted
        self.targets = targets
        slots = [Slot?](repeating: nil, count: wanted.count)
    }

    /// Names the inputs of the node that runs next.
    func begin(_ inputs: [Int]) {
        self.inputs = inputs
    }

    /// Whether an input of the node needs a gradient.
    func wants(_ input: Int) -> Bool {
        let node = inputs[input]
        return node >= 0 && wanted[node]
    }

    /// Adds the gradient of an input; the expression is only evaluated if the input needs it.
    func add(_ input: Int, _ gradient: @autoclosure () -> TensorData) {
        guard wants(input) else { return }
        put(inputs[input], gradient())
    }

    /// Adds the gradient of an input in place: `body` gets memory of the input's size and whether it is empty, that is, holds no numbers
    /// yet and must be written; else it must be added to.
    func accumulate(_ input: Int, _ shape: Shape, _ body: (_ region: Region, _ isEmpty: Bool) -> Void) {
        guard wants(input) else { return }
        let node = inputs[input]
        if let target = targets[node] { return body(target, false) }
        guard let slot = slots[node] else {
            let data = TensorData.uninitialized(shape, types[node])
            slots[node] = Slot(data: data, isOwned: true)
            return body(data.region, true)
        }
        if !slot.isOwned { slots[node] = Slot(data: slot.data.copied(), isOwned: true) }
        if let slot = slots[node] { body(slot.data.region, false) }
    }

    /// Adds a gradient to a node.
    func put(_ node: Int, _ gradient: TensorData) {
        if let target = targets[node] {
            Compute.backend.accumulate(1, gradient.region, 1, into: target)
            return
        }
        let gradient = gradient.converted(to: types[node])
        if let slot = slots[node] {
            precondition(slot.data.shape == gradient.shape, "gradients \(slot.data.shape) and \(gradient.shape)")
            if slot.isOwned {
                Compute.backend.accumulate(1, gradient.region, 1, into: slot.data.region)
            } else {
                slots[node] = Slot(data: TensorData.binary(.add, slot.data, gradient), isOwned: true)
            }
        } else {
            slots[node] = Slot(data: gradient, isOwned: false)
        }
    }

    /// Takes what a node has received out; nil if nothing arrived.
    func take(_ node: Int) -> Slot? {
        let slot = slots[node]
        slots[node] = nil
        return slot
    }

    /// Puts back what was taken out of a node.
    func giveBack(_ node: Int, _ slot: Slot) {
        if slots[node] == nil { slots[node] = slot } else { put(node, slot.data) }
    }

    /// The node that is an input.
    func node(of input: Int) -> Int { inputs[input] }

    /// Where the gradients of a node are added up, if that is not memory of this sink's own.
    func target(of node: Int) -> Region? { targets[node] }
}
