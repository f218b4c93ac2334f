import Buffers
import Tensors
import Testing

struct CPUBackendTests {
    @Test("The same bits come from 1, 2 and 5 threads", arguments: KernelCase.all)
    func threadsDoNotMatter(kernel: KernelCase) {
        let expected = kernel.run(CPUBackend(threads: 1))
        for threads in [2, 5] {
            #expect(kernel.run(CPUBackend(threads: threads)).map(\.bitPattern) == expected.map(\.bitPattern))
        }
    }

    @Test("Kernels agree with the reference", arguments: KernelCase.all)
    func agreesWithReference(kernel: KernelCase) {
        let expected = kernel.run(ReferenceBackend())
        let actual = kernel.run(CPUBackend(threads: 2))
        let peak = expected.reduce(0) { max($0, abs($1)) }
        // Sums of up to some thousand products in float32, against double precision.
        let worst = zip(actual, expected).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
        #expect(actual.count == expected.count)
        #expect(worst <= 2e-5 * peak, "\(kernel): off by \(worst) of \(peak)")
    }

    @Test("Memory is used again: a second run of the same kernels allocates nothing")
    func memoryIsReused() {
        let backend = CPUBackend(threads: 2)
        for kernel in KernelCase.all { _ = kernel.run(backend) }
        let before = backend.counters
        for kernel in KernelCase.all { _ = kernel.run(backend) }
        #expect(backend.counters.since(before).poolMisses == 0)
    }

    @Test("Work is counted by shape")
    func workIsCounted() {
        let backend = CPUBackend(threads: 1)
        let shape = GEMM(m: 3, n: 5, k: 7)
        let data = Region.random(105, seed: 1)
        let before = backend.counters
        backend.matmul(shape, data.part(0..<21), data.part(21..<56), into: data.part(60..<75))
        #expect(backend.counters.since(before).gemmOperations == 2 * 3 * 5 * 7)
        #expect(backend.counters.since(before).bytesMoved == 4 * (21 + 35 + 15))
    }
}

/// A kernel on given shapes, with all its results in one array.
struct KernelCase: Sendable, CustomTestStringConvertible {
    let name: String
    let run: @Sendable (any Backend) -> [Float]

    var testDescription: String { name }

    static let all: [KernelCase] = {
        var cases = products()
        for more in [finishedProducts(), convolutions(), reductions(), norms(), attentions(), places()] {
            cases += more
        }
        return cases
    }()
}
