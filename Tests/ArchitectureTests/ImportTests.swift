import Foundation
import Testing

@Suite("Imports")
struct ImportTests {
    private static let modules: [(file: String, module: String)] = {
        let files = Repository.files(below: "Sources", endings: ["swift"])
        return files.flatMap { file -> [(String, String)] in
            guard let lines = try? Repository.lines(file) else { return [] }
            return lines.compactMap { importedModule($0) }.map { (file, $0) }
        }
    }()

    private static func importedModule(_ line: String) -> String? {
        var words = line.split(separator: " ").map(String.init)
        while let first = words.first, ["public", "internal", "@preconcurrency", "package"].contains(first) {
            words.removeFirst()
        }
        guard words.first == "import", words.count >= 2 else { return nil }
        return ["struct", "class", "enum", "func", "protocol"].contains(words[1]) && words.count > 2
            ? String(words[2].split(separator: ".")[0]) : words[1]
    }

    @Test("every room imports only what the table of the architecture page allows")
    func roomsKeepToTheTable() throws {
        let table = ImportTable(page: try Repository.lines("docs/architecture.md"))
        #expect(Self.modules.count > 100)
        for (file, module) in Self.modules where !ImportTable.toolchain.contains(module) {
            let room = Repository.room(of: file)
            let allowed = try #require(table.allowed[room], "\(room) has no row in the table")
            #expect(allowed.contains(module), "\(file) imports \(module)")
        }
    }

    @Test("the rooms where numbers are made do not import Foundation")
    func noFoundationInTheHotRooms() {
        let hot: Set<String> = ["Buffers", "Tensors", "Networks", "Diffusion", "Optimization"]
        for (file, module) in Self.modules where hot.contains(Repository.room(of: file)) {
            #expect(!module.hasPrefix("Foundation"), "\(file) imports \(module)")
        }
    }

    @Test("every target of the manifest has a row in the table")
    func everyTargetHasARow() throws {
        let table = ImportTable(page: try Repository.lines("docs/architecture.md"))
        let rooms = try FileManager.default.contentsOfDirectory(
            atPath: Repository.root.appendingPathComponent("Sources").path
        )
        for room in rooms.sorted() {
            #expect(table.allowed[room] != nil, "\(room) has no row in the table")
        }
    }
}
