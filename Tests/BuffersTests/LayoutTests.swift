import Buffers
import FoundationEssentials
import TestSupport
import Testing

@Suite("A parameter layout")
struct LayoutTests {
    private static func layout(_ parts: [(name: String, shape: Shape, decay: Bool)]) -> ParameterLayout {
        var offset = 0
        return ParameterLayout(
            parts.map { part in
                defer { offset += part.shape.count }
                return ParameterSpec(name: part.name, shape: part.shape, offset: offset, decay: part.decay)
            }
        )
    }

    private let layout = LayoutTests.layout([("a.weight", [2, 3], true), ("a.bias", [2], false), ("b", [], true)])

    @Test("finds parameters by name and counts their elements")
    func names() {
        #expect(layout.count == 9)
        #expect(layout["a.bias"]?.range == 6..<8)
        #expect(layout["b"]?.range == 8..<9)
        #expect(layout["c"] == nil)
        #expect(ParameterLayout([]).count == 0)
    }

    @Test("covers the flat buffer without gaps")
    func ranges() {
        forAll { generator in
            let parts = (0..<generator.int(0...8)).map { index in
                let shape = Shape((0..<generator.int(0...3)).map { _ in generator.int(0...4) })
                return (name: "p\(index)", shape: shape, decay: generator.chance(0.5))
            }
            let layout = LayoutTests.layout(parts)
            try #require(layout.parameters.flatMap { Array($0.range) } == Array(0..<layout.count))
        }
    }

    @Test("has the FNV-1a digest of names, shapes, order and decay flags")
    func digest() {
        #expect(ParameterLayout([]).digest == "cbf29ce484222325")
        #expect(layout.digest == "3187216082485253")
        #expect(LayoutTests.layout([("p22", [1], true)]).digest == "005c503e21d0257c")
    }

    @Test("has another digest if a name, a shape, the order or a decay flag differs")
    func differences() {
        let others = [
            LayoutTests.layout([("a.weights", [2, 3], true), ("a.bias", [2], false), ("b", [], true)]),
            LayoutTests.layout([("a.weight", [3, 2], true), ("a.bias", [2], false), ("b", [], true)]),
            LayoutTests.layout([("a.weight", [6], true), ("a.bias", [2], false), ("b", [], true)]),
            LayoutTests.layout([("a.bias", [2], false), ("a.weight", [2, 3], true), ("b", [], true)]),
            LayoutTests.layout([("a.weight", [2, 3], true), ("a.bias", [2], true), ("b", [], true)]),
            LayoutTests.layout([("a.weight", [2, 3], true), ("a.bias", [2], false)]),
        ]
        #expect(Set(others.map(\.digest) + [layout.digest]).count == others.count + 1)
        #expect(others.allSatisfy { $0.digest.count == 16 })
    }

    @Test("survives JSON")
    func json() throws {
        let decoded = try JSONDecoder().decode(ParameterLayout.self, from: JSONEncoder().encode(layout))
        #expect(decoded == layout)
        #expect(decoded.digest == layout.digest)
    }

    @Test("stops the program where parameters leave a gap")
    func preconditions() async {
        await #expect(processExitsWith: .failure) {
            _ = ParameterLayout([ParameterSpec(name: "a", shape: [2], offset: 1, decay: true)])
        }
    }

    @Test("a part has the parameters of its range, and pieces of those that it cuts")
    func parts() {
        let part = layout.part(4..<9)
        #expect(part.parameters.map(\.name) == ["a.weight", "a.bias", "b"])
        #expect(part.parameters.map(\.shape) == [[2], [2], []])
        #expect(part.parameters.map(\.offset) == [0, 2, 4])
        #expect(part.parameters.map(\.decay) == [true, false, true])
        #expect(layout.part(0..<9) == layout)
        #expect(layout.part(1..<1).count == 0)
    }

    @Test("parts cut anywhere have every element once, with its decay flag")
    func partsCover() {
        forAll { generator in
            let parts = (0..<generator.int(0...8)).map { index in
                let shape = Shape((0..<generator.int(0...3)).map { _ in generator.int(0...4) })
                return (name: "p\(index)", shape: shape, decay: generator.chance(0.5))
            }
            let layout = LayoutTests.layout(parts)
            let cut = generator.int(0...layout.count)
            let flags = { (layout: ParameterLayout) in
                layout.parameters.flatMap { [Bool](repeating: $0.decay, count: $0.shape.count) }
            }
            let pieces = [layout.part(0..<cut), layout.part(cut..<layout.count)]
            try #require(pieces.map(\.count) == [cut, layout.count - cut])
            try #require(pieces.flatMap(flags) == flags(layout))
        }
    }
}
