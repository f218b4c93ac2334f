import Buffers
import Tensors
import TestSupport
import Testing

struct BFloat16Tests {
    /// The nearest number with 8 bits of fraction, ties to even, by arithmetic alone.
    private func nearest(_ x: Float) -> Float {
        guard x.isFinite else { return x }
        let spacing = max(x.ulp * 0x1p16, 0x1p-133)
        let rounded = (Double(x) / Double(spacing)).rounded(.toNearestOrEven) * Double(spacing)
        return rounded.magnitude > 0x1.ffp127 ? (x < 0 ? -.infinity : .infinity) : Float(rounded)
    }

    @Test("numbers are rounded to the nearest, ties to even, and widened exactly")
    func conversion() {
        var random = SeededGenerator(seed: 5)
        var values = (0..<4001).map { _ in Float(bitPattern: UInt32.random(in: 0...UInt32.max, using: &random)) }
        values =
            values.filter { !$0.isNaN } + [0, -0, .infinity, -.infinity, 0x1.01p0, 0x1.03p0, 0x1.ffffp127, 0x1p-149]
        Compute.$backend.withValue(CPUBackend(threads: 2)) {
            let narrow = Tensor(values, [values.count]).converted(to: .bfloat16)
            #expect(narrow.dtype == .bfloat16)
            #expect(narrow.floats == values.map(nearest))
            #expect(narrow.converted(to: .float32).floats == narrow.floats)
            #expect(Tensor([.nan, -.nan], [2]).converted(to: .bfloat16).floats.allSatisfy { $0.isNaN })
        }
    }

    /// A function of tensors in bfloat16.
    private func narrowed(_ operation: OperationCase) -> ([Tensor]) -> [Tensor] {
        { inputs in [operation.function(inputs.map { $0.converted(to: .bfloat16) })] }
    }

    /// Inputs that bfloat16 holds exactly.
    private func inputs(_ operation: OperationCase, _ lengths: Lengths) -> [TensorData] {
        operation.inputs(lengths).map { TensorData($0.floats.map(nearest), shape: $0.shape) }
    }

    // Each rounding is off by up to 2^-8 of its number: five of them in a row on the way are within the bound, and ten with the way back.
    // One element alone is no case: the gradient of its norm is a difference of equal numbers.
    @Test("every operation gives about the same in bfloat16 as in float32", arguments: OperationCase.smooth)
    func operations(operation: OperationCase) {
        for lengths in [Lengths.large, .small, Lengths(b: 2, h: 4, w: 6, c: 32)] {
            let inputs = inputs(operation, lengths)
            let backend = TestedBackend.cpu.backend
            let expected = Evaluation(backend, inputs) { [operation.function($0)] }
            let found = Evaluation(backend, inputs, narrowed(operation))
            expectNear(found.outputs[0], expected.outputs[0], 0.02, "\(operation.name), output")
            for (index, (actual, wanted)) in zip(found.gradients, expected.gradients).enumerated() {
                expectNear(actual, wanted, 0.04, "\(operation.name), gradient of input \(index)")
            }
        }
    }

    @Test("any number of threads gives the same bits in bfloat16", arguments: OperationCase.smooth)
    func threads(operation: OperationCase) {
        let inputs = inputs(operation, Lengths(b: 5, h: 13, w: 9, c: 35))
        let results = [1, 2, 5].map { Evaluation(CPUBackend(threads: $0), inputs, narrowed(operation)) }
        for result in results.dropFirst() {
            #expect(result.outputs == results[0].outputs && result.gradients == results[0].gradients)
        }
    }

    @Test("an operation on both types gives bfloat16, a reduction float32, a product the type of its left side")
    func types() {
        Compute.$backend.withValue(TestedBackend.cpu.backend) {
            let wide = Tensor.ones([2, 4])
            let narrow = wide.converted(to: .bfloat16)
            #expect((wide + narrow).dtype == .bfloat16 && (narrow * wide).dtype == .bfloat16)
            #expect(narrow.sum([1]).dtype == .float32 && narrow.mean().dtype == .float32)
            #expect(wide.linear(narrow).dtype == .float32 && narrow.linear(wide).dtype == .bfloat16)
            #expect(narrow.silu().dtype == .bfloat16 && narrow.reshaped([8]).dtype == .bfloat16)
        }
    }

    @Test("a product of both types takes its operands as bfloat16")
    func mixedProducts() {
        Compute.$backend.withValue(TestedBackend.cpu.backend) {
            let a = randomData([33, 70], seed: 1)
            let b = randomData([21, 70], seed: 2)
            let (left, right) = (Tensor(a.floats.map(nearest), a.shape), Tensor(b.floats.map(nearest), b.shape))
            let expected = left.linear(right).floats
            expectNear(Tensor(a).linear(right.converted(to: .bfloat16)).floats, expected, 1e-6, "left rounded")
            let rounded = left.converted(to: .bfloat16).linear(Tensor(b))
            expectNear(rounded.floats, expected, 0x1p-8, "right rounded")
        }
    }

    @Test("gradients of parameters are float32 and are added up exactly as such")
    func parameterGradients() {
        Compute.$backend.withValue(TestedBackend.cpu.backend) {
            let parameters = FlatBuffer([Float](repeating: 0.5, count: 12))
            let gradients = FlatBuffer([Float](repeating: 1, count: 12))
            let tape = Tape()
            let copy = Tensor(parameters.view(0..<12, shape: [3, 4])).converted(to: .bfloat16).data
            let weight = tape.leaf(copy, owner: parameters, range: 0..<12)
            let x = Tensor([Float](repeating: 0x1p-10, count: 8), [2, 4]).converted(to: .bfloat16)
            tape.backward(x.linear(weight).sum(), into: gradients, of: parameters)
            // 1 + 2^-9 is no bfloat16 number.
            #expect(gradients.floats.allSatisfy { $0 == 1 + 0x1p-9 })
        }
    }
}

extension OperationCase {
    /// Operations without a choice that rounding could turn.
    fileprivate static let smooth = all.filter { !["maximum of tokens", "power"].contains($0.name) }
}
