import Buffers
import FoundationEssentials
import TestSupport
import Testing

@Suite("A shape")
struct ShapeTests {
    private static func shape(_ generator: inout SeededGenerator) -> Shape {
        Shape((0..<generator.int(0...4)).map { _ in generator.element([0, 1, 1, 2, 3, 5]) })
    }

    /// All indices of a shape in row-major order.
    private static func indices(_ shape: Shape) -> [[Int]] {
        shape.dimensions.reduce([[]]) { heads, length in
            heads.flatMap { head in (0..<length).map { head + [$0] } }
        }
    }

    private static func offset(_ index: [Int], _ strides: [Int]) -> Int {
        zip(index, strides).reduce(0) { $0 + $1.0 * $1.1 }
    }

    @Test("counts its elements; a scalar has one")
    func count() {
        #expect(Shape([]).count == 1)
        #expect(Shape([3, 0, 2]).count == 0)
        #expect(Shape([2, 8, 8, 3]).count == 384)
    }

    @Test("has strides that walk the elements in order")
    func strides() {
        #expect(Shape([2, 3, 4]).strides == [12, 4, 1])
        #expect(Shape([]).strides.isEmpty)
        forAll { generator in
            let shape = ShapeTests.shape(&generator)
            let offsets = ShapeTests.indices(shape).map { ShapeTests.offset($0, shape.strides) }
            try #require(offsets == Array(0..<shape.count), "\(shape)")
        }
    }

    @Test("counts negative axes from the end")
    func axes() {
        let shape: Shape = [2, 3, 5]
        #expect(shape[-1] == 5 && shape[-3] == 2 && shape[1] == 3)
        #expect(shape.normalized(-2) == 1)
        #expect(shape.replacing(axis: -1, with: 7) == [2, 3, 7])
        #expect(shape.removing(axis: -2) == [2, 5])
    }

    @Test(
        "broadcasts as NumPy does",
        arguments: [
            ([], [], []),
            ([3], [], [3]),
            ([2, 1], [3], [2, 3]),
            ([2, 3], [3], [2, 3]),
            ([4, 1, 5], [2, 1], [4, 2, 5]),
            ([1], [0], [0]),
            ([0, 1], [1, 4], [0, 4]),
            ([2, 3], [2], nil),
            ([2], [0], nil),
            ([2, 3, 4], [3, 3, 4], nil),
        ] as [([Int], [Int], [Int]?)]
    )
    func broadcasting(first: [Int], second: [Int], expected: [Int]?) {
        #expect(Shape(first).broadcast(with: Shape(second)) == expected.map { Shape($0) })
        #expect(Shape(second).broadcast(with: Shape(first)) == expected.map { Shape($0) })
    }

    @Test("broadcasts by the rule stated axis by axis, both ways alike")
    func broadcastRule() {
        forAll(seeds: 500) { generator in
            let first = ShapeTests.shape(&generator)
            let second = ShapeTests.shape(&generator)
            let rank = max(first.rank, second.rank)
            let padded = [first, second].map { shape in
                [Int](repeating: 1, count: rank - shape.rank) + shape.dimensions
            }
            let fits = zip(padded[0], padded[1]).allSatisfy { $0 == $1 || $0 == 1 || $1 == 1 }
            let expected = zip(padded[0], padded[1]).map { $0 == 1 ? $1 : $0 }
            let found = first.broadcast(with: second)
            try #require(found == (fits ? Shape(expected) : nil), "\(first) with \(second)")
            try #require(found == second.broadcast(with: first), "\(first) with \(second)")
        }
    }

    @Test("reads the repeated element along broadcast axes")
    func broadcastStrides() {
        #expect(Shape([3, 1]).broadcastStrides(to: [2, 3, 4]) == [0, 1, 0])
        forAll(seeds: 300) { generator in
            let small = ShapeTests.shape(&generator)
            guard let target = small.broadcast(with: ShapeTests.shape(&generator)) else { return }
            let strides = small.broadcastStrides(to: target)
            for index in ShapeTests.indices(target) {
                let own = zip(index.suffix(small.rank), small.dimensions).map { $1 == 1 ? 0 : $0 }
                let expected = ShapeTests.offset(own, small.strides)
                try #require(ShapeTests.offset(index, strides) == expected, "\(small) as \(target) at \(index)")
            }
        }
    }

    @Test("is written in brackets and survives JSON")
    func text() throws {
        #expect("\(Shape([2, 8, 1]))" == "[2, 8, 1]")
        #expect("\(Shape([]))" == "[]")
        let shape: Shape = [4, 1, 7]
        #expect(try JSONDecoder().decode(Shape.self, from: JSONEncoder().encode(shape)) == shape)
    }

    @Test("stops the program where an axis does not exist or a length is negative")
    func preconditions() async {
        await #expect(processExitsWith: .failure) { _ = Shape([2, 3])[2] }
        await #expect(processExitsWith: .failure) { _ = Shape([2, -3]) }
        await #expect(processExitsWith: .failure) { _ = Shape([2]).broadcastStrides(to: [3]) }
    }
}
