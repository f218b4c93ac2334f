import Buffers
import Tensors
import TestSupport
import Testing

@Suite("The measuring backend")
struct ProfilingBackendTests {
    @Test("changes no bit of any operation or gradient", arguments: OperationCase.all)
    func sameBits(operation: OperationCase) {
        let inputs = operation.inputs(.small)
        let plain = Evaluation(ReferenceBackend(), inputs) { [operation.function($0)] }
        let profile = ProfilingBackend(ReferenceBackend())
        let timed = Evaluation(profile, inputs) { [operation.function($0)] }
        #expect(timed.outputs == plain.outputs && timed.gradients == plain.gradients)
        #expect(profile.times.total > 0)
    }

    @Test("counts each kind of work as its own, and nothing else")
    func kinds() {
        let image = Tensor(randomData([2, 6, 6, 4], seed: 1))
        let tokens = Tensor(randomData([2, 9, 2, 4], seed: 2))
        let weight = Tensor(randomData([4, 4, 3, 3], seed: 3))
        let matrix = Tensor(randomData([4, 5], seed: 4))
        let cases: [(kind: WorkKind, work: () -> Void)] = [
            (.products, { _ = image.matmul(matrix) }),
            (.products, { _ = image.convolution(weight, padding: Padding(1)) }),
            (.attention, { _ = Tensor.attention(tokens, tokens, tokens) }),
            (.attention, { _ = tokens.softmax() }),
            (.norm, { _ = image.groupNorm(groups: 2, epsilon: 1e-5, activation: .silu) }),
            (.norm, { _ = image.layerNorm(epsilon: 1e-5) }),
            (.elementwise, { _ = (image + image).exp().sum([1, 2]) }),
            (.elementwise, { _ = image.permuted([0, 2, 1, 3]) }),
        ]
        for (kind, work) in cases {
            let profile = ProfilingBackend(CPUBackend(threads: 1))
            Compute.$backend.withValue(profile, operation: work)
            #expect(profile.times[kind] > 0, "\(kind)")
            for other in WorkKind.allCases where other != kind {
                #expect(profile.times[other] == 0, "\(other) in \(kind)")
            }
        }
    }

    @Test("gives a section what the kernels and sections within leave")
    func sections() {
        let profile = ProfilingBackend(CPUBackend(threads: 1))
        let x = Tensor(randomData([64, 64], seed: 1))
        let clock = ContinuousClock()
        let wall = Compute.$backend.withValue(profile) {
            clock.measure {
                Compute.section(.other) {
                    Compute.section(.data) { _ = RandomStream(seed: 1, purpose: .noise, index: 0).normals(1 << 16) }
                    for _ in 0..<20 { _ = x.matmul(x) }
                }
            }
        }
        let times = profile.times
        for kind in [WorkKind.data, .products, .other] { #expect(times[kind] > 0, "\(kind)") }
        #expect(times[.attention] == 0 && times[.norm] == 0 && times[.optimizer] == 0)
        // The parts are disjoint and lie within the section around them.
        #expect(times.total <= wall / .seconds(1) * (1 + 1e-9))
        #expect(profile.counters.gemmOperations == 20 * 2 * 64 * 64 * 64)
        #expect(profile.name == "cpu")
    }

    @Test("leaves a section alone where nothing is measured")
    func unmeasured() {
        let result = Compute.$backend.withValue(ReferenceBackend()) { Compute.section(.data) { 7 } }
        #expect(result == 7)
    }
}

extension RandomStream {
    /// Normal numbers from a copy of the stream.
    fileprivate func normals(_ count: Int) -> TensorData {
        var copy = self
        return copy.normal([count])
    }
}
