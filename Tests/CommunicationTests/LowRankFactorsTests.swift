import Buffers
import TestSupport
import Testing

@testable import Communication

@Suite("Gradients as products of thin matrices")
struct LowRankFactorsTests {
    private static let layout = ParameterLayout([
        ParameterSpec(name: "bias", shape: [7], offset: 0, decay: false),
        ParameterSpec(name: "wide", shape: [9, 67], offset: 7, decay: true),
        ParameterSpec(name: "small", shape: [4, 2], offset: 610, decay: true),
        ParameterSpec(name: "window", shape: [33, 5, 3, 3], offset: 618, decay: true),
        ParameterSpec(name: "scalar", shape: [], offset: 2103, decay: false),
        ParameterSpec(name: "none", shape: [0, 3], offset: 2104, decay: false),
    ])

    private static func factors(rank: Int) -> LowRankFactors {
        LowRankFactors(layout, rank: rank) { FlatBuffer(count: $0) }
    }

    /// What a worker alone makes of its gradients.
    private static func sent(_ factors: LowRankFactors, _ gradients: [Float], step: UInt64) -> [Float] {
        let buffer = FlatBuffer(gradients)
        #expect(factors.project(buffer, step: step))
        factors.complete()
        factors.commit(into: buffer, counted: true)
        return buffer.floats
    }

    @Test("parameters that factors would not make smaller go whole")
    func plan() {
        let plan = LowRankPlan(Self.layout, rank: 2)
        #expect(plan.matrices.map(\.range) == [7..<610, 618..<2103])
        #expect(plan.matrices.map(\.left) == [0..<18, 18..<84] && plan.matrices.map(\.right) == [0..<134, 134..<224])
        #expect(plan.wholes.map(\.range) == [0..<7, 610..<618, 2103..<2104, 2104..<2104])
        #expect(plan.wholes.map(\.place) == [84..<91, 91..<99, 99..<100, 100..<100])
        #expect(plan.leftCount == 100 && plan.rightCount == 224)
        let none = LowRankPlan(Self.layout, rank: 64)
        #expect(none.matrices.isEmpty && none.leftCount == Self.layout.count && none.rightCount == 0)
    }

    @Test("a matrix of that rank is sent as it is, and nothing is left")
    func exact() {
        var gradients = CodecInput.normal(Self.layout.count)
        let (p, q) = (CodecInput.normal(33 * 2, seed: 3), CodecInput.normal(2 * 45, seed: 4))
        for row in 0..<33 {
            for column in 0..<45 {
                gradients[618 + row * 45 + column] = p[2 * row] * q[column] + p[2 * row + 1] * q[45 + column]
            }
        }
        let factors = Self.factors(rank: 3)
        let sent = Self.sent(factors, gradients, step: 1)
        expectClose(Array(sent[618..<2103]), Array(gradients[618..<2103]), Tolerance(absolute: 1e-5))
        #expect(sent[..<7] == gradients[..<7] && sent[610..<618] == gradients[610..<618])
        #expect(factors.residual.floats[..<7].allSatisfy { $0 == 0 })
        #expect(factors.residual.floats[618..<2103].allSatisfy { abs($0) < 1e-5 })
        #expect(factors.residual.floats[7..<610].contains { abs($0) > 0.1 })
    }

    @Test("loses nothing: what was sent and what is left are what came", arguments: [1, 4])
    func conservation(rank: Int) {
        let factors = Self.factors(rank: rank)
        var difference = [Double](repeating: 0, count: Self.layout.count)
        for step in 0..<6 as Range<UInt64> {
            let gradients = CodecInput.normal(Self.layout.count, seed: step + 10)
            let sent = Self.sent(factors, gradients, step: step)
            for index in difference.indices { difference[index] += Double(gradients[index]) - Double(sent[index]) }
        }
        for (left, expected) in zip(factors.residual.floats, difference) {
            #expect(abs(Double(left) - expected) < 1e-4)
        }
    }

    @Test("finds the largest direction of a matrix that comes again and again")
    func power() {
        // One direction of length 3 among noise of length below 2.
        let noise = CodecInput.normal(Self.layout.count, seed: 5)
        var gradients = [Float](repeating: 0, count: Self.layout.count)
        for row in 0..<9 {
            for column in 0..<67 {
                gradients[7 + 67 * row + column] = (row == 4 && column == 50 ? 3 : 0) + 0.1 * noise[67 * row + column]
            }
        }
        let factors = Self.factors(rank: 1)
        var sent: [Float] = []
        for step in 0..<6 as Range<UInt64> {
            factors.residual.fill(0)
            sent = Self.sent(factors, gradients, step: step)
        }
        #expect(abs(sent[7 + 67 * 4 + 50] - 3) < 0.3)
        let largest = sent.indices.max { abs(sent[$0]) < abs(sent[$1]) }
        #expect(largest == 7 + 67 * 4 + 50)
    }

    @Test("goes on from gradients of zeros, and refuses those that are not finite without keeping them")
    func odd() {
        let factors = Self.factors(rank: 2)
        let zeros = [Float](repeating: 0, count: Self.layout.count)
        #expect(Self.sent(factors, zeros, step: 1) == zeros)
        let gradients = CodecInput.normal(Self.layout.count)
        #expect(Self.sent(factors, gradients, step: 2).contains { abs($0) > 0.1 })
        let residual = factors.residual.floats
        for index in [0, 300, 2000] {
            for value in [Float.nan, .infinity] {
                let buffer = FlatBuffer(gradients)
                buffer.withMutableFloats { $0[index] = value }
                #expect(!factors.project(buffer, step: 3))
                #expect(factors.residual.floats == residual)
            }
        }
    }

    @Test("columns become orthonormal, and those that depend on others zero", arguments: [1, 2, 5, 64])
    func orthonormal(rank: Int) {
        let rows = 70
        var matrix = CodecInput.normal(rows * rank)
        // The last column is twice the first, but for rounding.
        if rank > 2 { for row in 0..<rows { matrix[row * rank + rank - 1] = 2 * matrix[row * rank] } }
        matrix.withUnsafeMutableBufferPointer { values in
            if let start = values.baseAddress { orthonormalize(start, rows: rows, rank: rank) }
        }
        for a in 0..<rank {
            for b in 0...a {
                let dot = (0..<rows).reduce(0) { $0 + Double(matrix[$1 * rank + a]) * Double(matrix[$1 * rank + b]) }
                let isOne = a == b && !(rank > 2 && a == rank - 1)
                #expect(abs(dot - (isOne ? 1 : 0)) < 1e-6, "\(a) with \(b): \(dot)")
            }
        }
    }

    @Test("products of thin matrices are those of the definition", arguments: [1, 15, 16, 63, 64, 65, 130])
    func products(columns: Int) {
        let (rows, rank) = (5, 3)
        let m = CodecInput.normal(rows * columns)
        let right = CodecInput.normal(rank * columns, seed: 2)
        let layout = ParameterLayout([ParameterSpec(name: "m", shape: [rows, columns], offset: 0, decay: true)])
        let factors = LowRankFactors(layout, rank: rank) { FlatBuffer(count: $0) }
        guard factors.right.count == right.count else {
            // So small a matrix goes whole.
            #expect(rank * (rows + columns) >= rows * columns)
            return
        }
        factors.right.copy(from: FlatBuffer(right))
        let gradients = FlatBuffer(m)
        #expect(factors.project(gradients, step: 1))
        let left = (0..<rows * rank).map { index in
            (0..<columns).reduce(Float(0)) { $0 + m[index / rank * columns + $1] * right[index % rank * columns + $1] }
        }
        expectClose(factors.left.floats, left, Tolerance(absolute: 1e-4))
        factors.complete()
        let p = factors.left.floats
        let next = (0..<rank * columns).map { index in
            (0..<rows).reduce(Float(0)) { $0 + p[$1 * rank + index / columns] * m[$1 * columns + index % columns] }
        }
        expectClose(factors.nextRight.floats, next, Tolerance(absolute: 1e-5))
        factors.commit(into: gradients, counted: true)
        let product = (0..<rows * columns).map { index in
            (0..<rank).reduce(Float(0)) { $0 + p[index / columns * rank + $1] * next[$1 * columns + index % columns] }
        }
        expectClose(gradients.floats, product, Tolerance(absolute: 1e-5))
    }
}
