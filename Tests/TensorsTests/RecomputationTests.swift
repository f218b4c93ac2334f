import Buffers
import TestSupport
import Testing

@testable import Tensors

@Suite("Recomputed operations")
struct RecomputationTests {
    /// What a small network gives: its loss, the gradients of its parameters and of its inputs, and the order of finished parameters.
    private struct Outcome: Equatable {
        var loss: Float
        var gradients: [Float]
        var inputs: [[Float]]
        var ready: [Range<Int>] = []
    }

    private enum Mode: CaseIterable {
        case kept
        case recomputed
        case nested
    }

    private let owner = FlatBuffer((0..<36).map { Float(($0 * 7) % 11) * 0.13 - 0.6 })

    private func leaf(_ tape: Tape, _ range: Range<Int>, _ shape: Shape) -> Tensor {
        tape.leaf(owner.view(range, shape: shape), owner: owner, range: range)
    }

    /// Two products with a shared weight, dropout between them, and two uses of each input.
    private func block(_ inputs: [Tensor], _ tape: Tape, _ random: inout RandomStream) -> Tensor {
        let shared = leaf(tape, 0..<16, [4, 4])
        let hidden = inputs[0].linear(shared, bias: leaf(tape, 16..<20, [4])).silu() * inputs[1]
        let dropped = hidden.dropout(0.3, using: &random)
        return inputs[0] + dropped.linear(shared) * inputs[1] + hidden.exp() * 0.01
    }

    private func apply(_ mode: Mode, _ inputs: [Tensor], _ tape: Tape, _ random: inout RandomStream) -> Tensor {
        guard mode != .kept else { return block(inputs, tape, &random) }
        let block = block
        let (result, after) = tape.recomputed(inputs, state: random) { inputs, tape, random in
            guard mode == .nested else { return block(inputs, tape, &random) }
            let (inner, after) = tape.recomputed(inputs, state: random, block)
            random = after
            return block([inner, inputs[1]], tape, &random)
        }
        random = after
        return result
    }

    /// Two blocks, with inputs that are used before, between and behind them.
    private func network(_ mode: Mode, doubled: Bool, _ tape: Tape, _ x: Tensor, _ gate: Tensor) -> Tensor {
        var random = RandomStream(seed: 4, purpose: .dropout, index: 0)
        let start = x.linear(leaf(tape, 20..<36, [4, 4]))
        let factor = gate.tanh()
        var hidden = start * factor
        for _ in 0..<2 {
            if mode == .kept, doubled { hidden = apply(mode, [hidden, factor], tape, &random) }
            hidden = apply(mode, [hidden, factor], tape, &random)
        }
        return (hidden * factor + start + x).squared().sum()
    }

    private func outcome(_ mode: Mode, doubled: Bool = false) -> Outcome {
        let (x, gate) = (randomData([5, 4], seed: 1), randomData([5, 4], seed: 2))
        let gradients = FlatBuffer(count: 36)
        let tape = Tape()
        let loss = network(mode, doubled: doubled, tape, tape.watch(Tensor(x)), tape.watch(Tensor(gate)))
        var result = Outcome(loss: loss.item, gradients: [], inputs: [])
        tape.backward(loss, into: gradients, of: owner) { result.ready.append($0) }
        result.gradients = gradients.floats

        let again = Tape()
        let watched = [again.watch(Tensor(x)), again.watch(Tensor(gate))]
        let same = network(mode, doubled: doubled, again, watched[0], watched[1])
        result.inputs = again.gradients(of: same, withRespectTo: watched).map(\.floats)
        return result
    }

    @Test("have the bits and the finished parameters of kept ones")
    func sameBits() {
        let kept = outcome(.kept)
        #expect(kept.gradients.allSatisfy { $0 != 0 && $0.isFinite })
        #expect(outcome(.recomputed) == kept)
        #expect(kept.ready.count == 3)
    }

    @Test("may be nested")
    func nested() {
        #expect(outcome(.nested) == outcome(.kept, doubled: true))
    }

    @Test("add to the gradient of a tensor that is given twice, or of a parameter that is given and read")
    func sharedInputs() {
        func gradients(_ recompute: Bool) -> [[Float]] {
            let tape = Tape()
            let x = tape.watch(Tensor([0.3, -0.7], [2]))
            let weight = leaf(tape, 0..<2, [2])
            let body = { (inputs: [Tensor], tape: Tape, _: inout Int) in
                inputs[0] * inputs[1].exp() + inputs[2] * leaf(tape, 0..<2, [2])
            }
            var calls = 0
            let result =
                recompute
                ? tape.recomputed([x, x, weight], state: 0, body).result
                : body([x, x, weight], tape, &calls)
            return tape.gradients(of: result + x, withRespectTo: [x, weight]).map(\.floats)
        }
        #expect(gradients(true) == gradients(false))
    }

    @Test("run once forward and once backward, both from the same state, and not backward without need")
    func calls() {
        final class Log { var states: [Int] = [] }
        let log = Log()
        let tape = Tape()
        let body = { (inputs: [Tensor], _: Tape, state: inout Int) in
            log.states.append(state)
            state += 1
            return inputs[0].exp()
        }
        let (x, constant) = (tape.watch(Tensor([1], [1])), Tensor([1], [1]))
        let (first, after) = tape.recomputed([x], state: 5, body)
        let (second, _) = tape.recomputed([x], state: 7, body)
        let (third, _) = tape.recomputed([constant], state: 9, body)
        #expect(after == 6)
        #expect(first.isRecorded && second.isRecorded && !third.isRecorded)
        _ = tape.gradients(of: first * third, withRespectTo: [x])
        #expect(log.states == [5, 7, 9, 5])
    }

    @Test("keep no activation from forward to backward")
    func memory() {
        let data = randomData([64, 256], seed: 3)
        func peak(_ recompute: Bool) -> Int {
            let backend = CPUBackend(threads: 1)
            Compute.$backend.withValue(backend) {
                let tape = Tape()
                let x = tape.watch(Tensor(data))
                var hidden = x
                let body = { (inputs: [Tensor], _: Tape, _: inout Int) in
                    inputs[0].tanh().squared().sin().squared().sin().squared().sin()
                }
                var calls = 0
                for _ in 0..<8 {
                    hidden = recompute ? tape.recomputed([hidden], state: 0, body).result : body([hidden], tape, &calls)
                }
                _ = tape.gradients(of: hidden, withRespectTo: [x])
            }
            return backend.counters.peakBytes
        }
        // Six results a block are kept, against one a block and those of one block.
        #expect(peak(false) >= 6 * 8 * 64 * 256 * 4)
        #expect(peak(true) < peak(false) / 2)
    }

    @Test("leave nothing behind if the tape is dropped without having run")
    func release() {
        weak var weakTape: Tape?
        do {
            let tape = Tape()
            weakTape = tape
            let x = tape.watch(Tensor([1], [1]))
            let result = tape.recomputed([x], state: 0) { inputs, _, _ in inputs[0].exp() }.result
            #expect(result.isRecorded)
        }
        #expect(weakTape == nil)
    }
}
