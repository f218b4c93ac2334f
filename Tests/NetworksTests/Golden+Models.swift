import Buffers
import Foundation
import Tensors
import TestSupport
import Testing

extension Golden {
    /// The lines of a text file in `Tests/Goldens`.
    static func lines(_ name: String) throws -> [String] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let text = try String(contentsOf: folder.appending(path: "Goldens/\(name)"), encoding: .utf8)
        return text.split(separator: "\n").map(String.init)
    }

    /// Sources of a parameter in the file: tensors to stack along the first axis.
    typealias Names = (_ parameter: String) -> [String]

    /// An image of the file with its channels put last.
    func image(_ name: String) throws -> Tensor {
        Tensor(try tensor(name)).permuted([0, 2, 3, 1])
    }

    /// The parameters of a network, `w/...` of the file.
    func parameters(_ layout: ParameterLayout, names: Names = { [$0] }) throws -> FlatBuffer {
        var values: [Float] = []
        for parameter in layout.parameters {
            for source in names(parameter.name) { values += try floats("w/\(source)") }
        }
        try #require(values.count == layout.count)
        return FlatBuffer(values)
    }

    /// Compares an activation with one of the file, in which images have their channels first.
    func expectActivation(_ tap: String, _ name: String, in taps: [String: Tensor]) throws {
        let found = try #require(taps[tap], "the model names no activation \(tap)")
        let isImage = try tensor("act/\(name)").shape.rank == 4
        let expected = isImage ? try image("act/\(name)").floats : try floats("act/\(name)")
        expectClose(found.floats, expected, .ofLargest(2e-5, expected), tap)
    }

    /// Compares the gradient of every parameter with `grad/...` of the file, and that the file has no other.
    func expectGradients(_ gradients: FlatBuffer, _ layout: ParameterLayout, names: Names = { [$0] }) throws {
        var used: Set<String> = []
        for parameter in layout.parameters {
            let sources = names(parameter.name)
            let expected = try sources.flatMap { try floats("grad/\($0)") }
            let found = gradients.view(parameter.range, shape: parameter.shape).floats
            expectClose(found, expected, .ofLargest(1e-4, expected), parameter.name)
            used.formUnion(sources)
        }
        let all = self.names.filter { $0.hasPrefix("grad/") }.map { String($0.dropFirst(5)) }
        #expect(used == Set(all))
    }
}
