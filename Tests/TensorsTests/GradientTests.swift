import Tensors
import TestSupport
import Testing

struct GradientTests {
    @Test("gradients equal differences at odd sizes", arguments: OperationCase.all)
    func odd(operation: OperationCase) {
        GradientCheck().expect(operation.name, operation.inputs(.small), operation.function)
    }

    @Test("gradients equal differences for one element", arguments: OperationCase.all)
    func one(operation: OperationCase) {
        GradientCheck().expect(operation.name, operation.inputs(.one), operation.function)
    }
}
