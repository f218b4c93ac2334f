import Foundation
import TestSupport

extension Golden {
    /// The lines of a text file in `Tests/Goldens`.
    static func lines(_ name: String) throws -> [String] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let text = try String(contentsOf: folder.appending(path: "Goldens/\(name)"), encoding: .utf8)
        return text.split(separator: "\n").map(String.init)
    }
}
