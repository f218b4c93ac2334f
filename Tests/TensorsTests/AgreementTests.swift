import Buffers
import Tensors
import TestSupport
import Testing

struct AgreementTests {
    private func compare(_ operation: OperationCase, _ lengths: Lengths) {
        let inputs = operation.inputs(lengths)
        let expected = Evaluation(ReferenceBackend(), inputs) { [operation.function($0)] }
        let found = Evaluation(TestedBackend.cpu.backend, inputs) { [operation.function($0)] }
        expectNear(found.outputs[0], expected.outputs[0], 2e-5, "\(operation.name), output")
        for (index, (actual, wanted)) in zip(found.gradients, expected.gradients).enumerated() {
            expectNear(actual, wanted, 1e-4, "\(operation.name), gradient of input \(index)")
        }
    }

    // Both add up at most a few thousand float32 products in different orders: relative errors stay near 1e-6.
    @Test("the processor's kernels agree with the reference at large odd sizes", arguments: OperationCase.all)
    func large(operation: OperationCase) {
        compare(operation, .large)
    }

    @Test("the processor's kernels agree with the reference for one element", arguments: OperationCase.all)
    func one(operation: OperationCase) {
        compare(operation, .one)
    }

    @Test("empty batches pass through every operation on both backends", arguments: OperationCase.all)
    func empty(operation: OperationCase) {
        guard operation.name != "batch norm" else { return }
        for backend in TestedBackend.allCases {
            let result = Evaluation(backend.backend, operation.inputs(.empty)) { [operation.function($0)] }
            #expect(result.gradients.joined().allSatisfy { $0.isFinite }, "\(operation.name) on \(backend)")
        }
    }

    @Test("any number of threads gives the same bits", arguments: ThreadCounts.operations)
    func threads(operation: OperationCase) {
        let inputs = operation.inputs(ThreadCounts.lengths)
        let results = ThreadCounts.backends.map { backend in
            Evaluation(backend, inputs) { [operation.function($0)] }
        }
        for result in results.dropFirst() {
            #expect(result.outputs == results[0].outputs, "\(operation.name), output")
            #expect(result.gradients == results[0].gradients, "\(operation.name), gradients")
        }
    }
}

/// Backends with different numbers of threads, made once, and operations that are cut into several blocks of work.
private enum ThreadCounts {
    static let lengths = Lengths(b: 5, h: 13, w: 9, c: 35)
    static let operations =
        OperationCase.all.filter { ["silu", "softmax", "multiply by channel", "embedding", "split"].contains($0.name) }
        + OperationCase.reductions + OperationCase.products + OperationCase.convolutions + OperationCase.norms
        + OperationCase.residuals + OperationCase.images
    static let backends = [1, 2, 5, 7].map { CPUBackend(threads: $0) }
}
