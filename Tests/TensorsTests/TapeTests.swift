import Buffers
import Tensors
import TestSupport
import Testing

struct TapeTests {
    private func leaf(_ tape: Tape, _ owner: FlatBuffer, _ range: Range<Int>) -> Tensor {
        tape.leaf(owner.view(range, shape: [range.count]), owner: owner, range: range)
    }

    @Test("a leaf used twice receives the sum of both gradients, added to what is there")
    func reuse() {
        let owner = FlatBuffer([1, 2, 3])
        let gradients = FlatBuffer([10, 20, 30])
        let tape = Tape()
        let (x, again) = (leaf(tape, owner, 1..<3), leaf(tape, owner, 1..<3))
        tape.backward((x * 2 + again.squared()).sum(), into: gradients, of: owner)
        #expect(gradients.floats == [10, 26, 38])
    }

    @Test("a tensor used by several operations adds their gradients")
    func fanOut() {
        let tape = Tape()
        let x = tape.watch(Tensor([1, 2], [2]))
        let y = x * 3
        let z = y + y * y + y
        let gradient = tape.gradients(of: z, withRespectTo: [x])[0]
        #expect(gradient.floats == [24, 42])
    }

    @Test("a gradient that two inputs share is not added to in place")
    func sharedGradient() {
        let tape = Tape()
        let (a, b) = (tape.watch(Tensor([1], [1])), tape.watch(Tensor([1], [1])))
        let u = a * 1
        let v = b * 1
        // The sum hands the same gradient to u and v; u then receives more.
        let loss = u + v + u * 5
        #expect(tape.gradients(of: loss, withRespectTo: [a, b]).map(\.item) == [6, 1])
    }

    @Test("nothing passes through stopGradient")
    func stop() {
        let tape = Tape()
        let x = tape.watch(Tensor([3], [1]))
        let y = x * x.stopGradient
        #expect(tape.gradients(of: y, withRespectTo: [x])[0].item == 3)
        #expect(!x.stopGradient.isRecorded)
    }

    @Test("two owners receive their own gradients and a third is held constant")
    func owners() {
        let (first, second, third) = (FlatBuffer([2]), FlatBuffer([3]), FlatBuffer([4]))
        let (toFirst, toSecond) = (FlatBuffer(count: 1), FlatBuffer(count: 1))
        let tape = Tape()
        let product = leaf(tape, first, 0..<1) * leaf(tape, second, 0..<1) * leaf(tape, third, 0..<1)
        tape.backward(product, routes: [(first, toFirst), (second, toSecond)])
        #expect(toFirst.floats == [12])
        #expect(toSecond.floats == [8])
    }

    @Test("gradients reach inputs while parameters are held constant")
    func inputs() {
        let owner = FlatBuffer([2, 3])
        let tape = Tape()
        let x = tape.watch(Tensor([1, 1], [2]))
        let y = x * leaf(tape, owner, 0..<2)
        let seed = Tensor([10, 100], [2])
        #expect(tape.gradients(of: y, seed: seed, withRespectTo: [x])[0].floats == [20, 300])
    }

    @Test("the gradient of an intermediate tensor can be asked for, and one without dependence is zero")
    func intermediates() {
        let tape = Tape()
        let (x, unused) = (tape.watch(Tensor([2], [1])), tape.watch(Tensor([1, 1], [2])))
        let y = x.squared()
        let z = y * 3
        let found = tape.gradients(of: z, withRespectTo: [y, x, unused, z])
        #expect(found.map(\.floats) == [[3], [12], [0, 0], [1]])
    }

    @Test("every leaf of the owner is reported once, when its gradient is final")
    func readiness() {
        let owner = FlatBuffer([1, 2, 3])
        let gradients = FlatBuffer(count: 3)
        let tape = Tape()
        let (early, late) = (leaf(tape, owner, 0..<1), leaf(tape, owner, 1..<2))
        let unused = leaf(tape, owner, 2..<3)
        let loss = ((early * 2) * late) + late
        var reported: [Range<Int>] = []
        var values: [[Float]] = []
        tape.backward(loss, into: gradients, of: owner) {
            reported.append($0)
            values.append(Array(gradients.floats[$0]))
        }
        #expect(reported == [2..<3, 1..<2, 0..<1])
        #expect(values == [[0], [3], [4]])
        #expect(unused.item == 3)
    }

    @Test("operations on constants record nothing")
    func constants() {
        let x = Tensor([1, 2], [2])
        #expect(!(x * x + 1).isRecorded)
    }

    @Test("a chain of fifty thousand operations runs backward and is released without recursion")
    func deepChain() {
        let tape = Tape()
        let x = tape.watch(Tensor([1], [1]))
        var y = x
        for _ in 0..<25_000 { y = y + x * 0.5 }
        #expect(tape.gradients(of: y, withRespectTo: [x])[0].item == 12_501)
        abandonChain()
    }

    /// A chain that is dropped without having run.
    private func abandonChain() {
        let tape = Tape()
        var y = tape.watch(Tensor([1], [1]))
        for _ in 0..<50_000 { y = -y }
        #expect(y.item == 1)
    }

    @Test("a tape and its activations are released with the last tensor")
    func release() {
        weak var weakTape: Tape?
        do {
            let tape = Tape()
            weakTape = tape
            let y = tape.watch(Tensor([1], [1])).exp()
            #expect(y.item > 2)
        }
        #expect(weakTape == nil)
    }
}
