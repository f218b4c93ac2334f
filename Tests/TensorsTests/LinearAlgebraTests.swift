import Buffers
import Configs
import Glibc
import Tensors
import TestSupport
import Testing

struct LinearAlgebraTests {
    private func random(_ rows: Int, _ columns: Int, seed: UInt64 = 1) -> Matrix {
        var generator = SeededGenerator(seed: seed)
        return Matrix(rows: rows, columns: columns, (0..<rows * columns).map { _ in generator.double(-1, 1) })
    }

    private func expectSame(_ a: Matrix, _ b: Matrix) {
        #expect(a.rows == b.rows && a.columns == b.columns)
        expectClose(a.values, b.values, Tolerance(absolute: 1e-12 * Double(max(1, a.values.count))))
    }

    @Test("eigenvectors rebuild a symmetric matrix, values rise", arguments: [1, 2, 7])
    func eigen(size: Int) throws {
        let square = random(size, size)
        let matrix = LinearAlgebra.product(square, square.transposed)
        let (values, vectors) = try LinearAlgebra.symmetricEigen(matrix)
        #expect(values == values.sorted())
        let scaled = LinearAlgebra.product(Matrix(diagonal: values), vectors)
        expectSame(LinearAlgebra.product(vectors.transposed, scaled), matrix)
    }

    @Test("singular vectors rebuild wide and tall matrices", arguments: [(5, 3), (3, 5), (1, 4), (4, 4)])
    func singular(size: (Int, Int)) throws {
        let matrix = random(size.0, size.1)
        let (u, s, vt) = try LinearAlgebra.singularValues(matrix)
        #expect(s == s.sorted(by: >))
        expectSame(LinearAlgebra.product(LinearAlgebra.product(u, Matrix(diagonal: s)), vt), matrix)
    }

    @Test("the square root squares to the matrix and refuses negative ones")
    func root() throws {
        let square = random(6, 6)
        let matrix = LinearAlgebra.product(square, square.transposed)
        let root = try LinearAlgebra.squareRoot(matrix)
        expectSame(LinearAlgebra.product(root, root), matrix)
        expectSame(root, root.transposed)
        #expect(throws: LinearAlgebraError.notPositive(smallest: -1, largest: 2)) {
            try LinearAlgebra.squareRoot(Matrix(diagonal: [2, -1]))
        }
    }

    @Test("numbers that are not finite are refused, and the error says what to do")
    func finite() {
        let error = #expect(throws: LinearAlgebraError.self) {
            try LinearAlgebra.symmetricEigen(Matrix(diagonal: [1, .nan]))
        }
        #expect(error?.description == "dsyev expects finite numbers, found infinity or NaN; check the input")
    }

    @Test("the cosine transform is orthonormal and packs a constant into one number")
    func cosine() {
        let block = random(8, 8).values
        let there = LinearAlgebra.cosineTransform8x8(block)
        expectClose(LinearAlgebra.inverseCosineTransform8x8(there), block, Tolerance(absolute: 1e-13))
        let flat = LinearAlgebra.cosineTransform8x8([Double](repeating: 1, count: 64))
        expectClose(flat, [8] + [Double](repeating: 0, count: 63), Tolerance(absolute: 1e-13))
    }

    @Test("the Fourier transform follows its definition for any count", arguments: [1, 2, 5, 8, 12, 64])
    func fourier(count: Int) {
        let (real, imaginary) = (random(1, count).values, random(1, count, seed: 2).values)
        let found = LinearAlgebra.fourierTransform(real: real, imaginary: imaginary)
        // Parseval, and the sum at frequency zero.
        let energy = { (a: [Double], b: [Double]) in zip(a, b).reduce(0) { $0 + $1.0 * $1.0 + $1.1 * $1.1 } }
        #expect(abs(energy(found.real, found.imaginary) - Double(count) * energy(real, imaginary)) < 1e-9)
        #expect(abs(found.real[0] - real.reduce(0, +)) < 1e-12)
        // A single wave of frequency 1 lands in bin 1.
        let wave = (0..<count).map { 2 * Double.pi * Double($0) / Double(count) }
        let bins = LinearAlgebra.fourierTransform(real: wave.map { cos($0) }, imaginary: wave.map { sin($0) })
        #expect(abs(bins.real[1 % count] - Double(count)) < 1e-9)
    }

    @Test("the assignment is the cheapest of all permutations")
    func assignment() {
        for seed: UInt64 in 1...20 {
            let cost = random(5, 5, seed: seed)
            let found = LinearAlgebra.assignment(cost)
            #expect(found.sorted() == Array(0..<5))
            let price = { (columns: [Int]) in columns.enumerated().reduce(0) { $0 + cost[$1.offset, $1.element] } }
            #expect(abs(price(found) - permutations(5).map(price).reduce(.infinity, min)) < 1e-12)
        }
        #expect(LinearAlgebra.assignment(Matrix(rows: 0, columns: 0)).isEmpty)
    }

    private func permutations(_ count: Int) -> [[Int]] {
        guard count > 0 else { return [[]] }
        return permutations(count - 1).flatMap { shorter in
            (0..<count).map { place in
                var result = shorter
                result.insert(count - 1, at: place)
                return result
            }
        }
    }
}
