import Buffers
import Tensors
import TestSupport
import Testing

struct GoldenTests {
    // The bounds are those of the description of the golden file: both sides compute in float32, in another order.
    @Test("every golden operation gives the recorded outputs and gradients", arguments: TestedBackend.allCases)
    func operations(backend: TestedBackend) throws {
        let golden = try Golden("ops")
        #expect(GoldenOperation.all.count == 46)
        for operation in GoldenOperation.all {
            let inputs = try operation.inputs.map { try golden.tensor("\(operation.name)/in.\($0)") }
            let count = golden.names.filter { $0.hasPrefix("\(operation.name)/out") }.count
            let outputs = try (0..<count).map { try golden.floats("\(operation.name)/out\($0)") }
            let seeds = try (0..<count).map { try golden.floats("\(operation.name)/cot\($0)") }
            let found = Evaluation(backend.backend, inputs, seeds: seeds, operation.function)
            #expect(found.outputs.count == count)
            for (actual, expected) in zip(found.outputs, outputs) {
                expectNear(actual, expected, 2e-5, "\(operation.name), output")
            }
            for (input, actual) in zip(operation.inputs, found.gradients) {
                let expected = try golden.floats("\(operation.name)/grad.\(input)")
                expectNear(actual, expected, 1e-4, "\(operation.name), gradient of \(input)")
            }
        }
    }

    @Test("singular values and the best approximation of rank 2 agree with the golden file")
    func singularValues() throws {
        let golden = try Golden("ops")
        let a = Matrix(rows: 6, columns: 4, try golden.floats("svd/in.a").map { Double($0) })
        var (u, s, vt) = try LinearAlgebra.singularValues(a)
        expectNear(s.map { Float($0) }, try golden.floats("svd/out.s"), 2e-5, "singular values")
        s.replaceSubrange(2..., with: [0, 0])
        let near = LinearAlgebra.product(LinearAlgebra.product(u, Matrix(diagonal: s)), vt)
        expectNear(near.values.map { Float($0) }, try golden.floats("svd/out.rank2"), 2e-5, "rank 2")
        u = LinearAlgebra.product(u.transposed, u)
        expectClose(u.values, Matrix(diagonal: [1, 1, 1, 1]).values, Tolerance(absolute: 1e-12), "orthonormal columns")
    }

    @Test("eigenvalues agree with the golden file")
    func eigenvalues() throws {
        let golden = try Golden("ops")
        let m = Matrix(rows: 5, columns: 5, try golden.floats("eigh/in.m").map { Double($0) })
        let (values, _) = try LinearAlgebra.symmetricEigen(m)
        expectNear(values.map { Float($0) }, try golden.floats("eigh/out.w"), 2e-5, "eigenvalues")
    }
}
