import Foundation

/// The files of this package, for tests about its order.
enum Repository {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The text files below a folder with one of some endings, as paths relative to the root, sorted.
    static func files(below folder: String, endings: Set<String>) -> [String] {
        let base = root.appendingPathComponent(folder).path
        guard let walk = FileManager.default.enumerator(atPath: base) else { return [] }
        return walk.compactMap { $0 as? String }
            .filter { endings.contains(URL(fileURLWithPath: $0).pathExtension) }
            .map { folder + "/" + $0 }
            .sorted()
    }

    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    static func lines(_ path: String) throws -> [String] {
        try text(path).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    /// The room a source file belongs to: the folder below `Sources`.
    static func room(of path: String) -> String {
        path.split(separator: "/").dropFirst().first.map(String.init) ?? ""
    }
}
