import Buffers
import Tensors
import TestSupport
import Testing

/// The backends that every operation is tested on.
enum TestedBackend: String, CaseIterable, Sendable {
    case reference
    case cpu

    private static let processor = CPUBackend(threads: 2)

    var backend: any Backend {
        switch self {
        case .reference: ReferenceBackend()
        case .cpu: TestedBackend.processor
        }
    }
}

/// The outputs of a function and the gradients of its inputs for a given gradient of each output.
struct Evaluation {
    var outputs: [[Float]]
    var gradients: [[Float]]

    /// Evaluates on a backend; without `seeds` the gradient of the outputs is drawn.
    init(
        _ backend: any Backend,
        _ inputs: [TensorData],
        seeds: [[Float]]? = nil,
        _ function: ([Tensor]) -> [Tensor]
    ) {
        (outputs, gradients) = Compute.$backend.withValue(backend) {
            let tape = Tape()
            let leaves = inputs.map { tape.watch(Tensor($0)) }
            let results = function(leaves)
            var random = SeededGenerator(seed: 7)
            let products = results.enumerated().map { index, result in
                let weights = seeds?[index] ?? random.floats(result.shape.count)
                return (result * Tensor(weights, result.shape)).sum()
            }
            let loss = products.dropFirst().reduce(products[0]) { $0 + $1 }
            let gradients = tape.gradients(of: loss, withRespectTo: leaves)
            return (results.map(\.floats), gradients.map(\.floats))
        }
    }
}

/// Random data whose numbers lie in `[low, high)` and, if `apart`, at least 0.25 from zero.
func randomData(
    _ shape: Shape,
    seed: UInt64,
    _ low: Float = -1.5,
    _ high: Float = 1.5,
    apart: Bool = false
) -> TensorData {
    var random = SeededGenerator(seed: seed)
    let values = random.floats(shape.count, low, high)
    return TensorData(apart ? values.map { $0 + ($0 < 0 ? -0.25 : 0.25) } : values, shape: shape)
}

/// Closeness relative to the largest expected number.
func expectNear(_ actual: [Float], _ expected: [Float], _ relative: Double, _ name: String) {
    expectClose(actual, expected, .ofLargest(relative, expected), name)
}
