import Buffers
import Foundation
import TestSupport

extension Golden {
    /// A tensor by its name.
    func tensor(_ name: String) throws -> TensorData {
        try self[name]
    }

    /// The numbers of a tensor by its name.
    func floats(_ name: String) throws -> [Float] {
        try self[name].floats
    }

    /// The lines of a text file in `Tests/Goldens`.
    static func lines(_ name: String) throws -> [String] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let text = try String(contentsOf: folder.appending(path: "Goldens/\(name)"), encoding: .utf8)
        return text.split(separator: "\n").map(String.init)
    }
}

extension Tolerance {
    /// A distance in proportion to the largest expected number, for arrays whose small elements are sums of large ones.
    static func ofLargest(_ relative: Double, _ expected: [Float]) -> Tolerance {
        let largest = expected.reduce(0) { max($0, abs($1)) }
        return Tolerance(absolute: relative * Double(largest) + 1e-6)
    }
}
