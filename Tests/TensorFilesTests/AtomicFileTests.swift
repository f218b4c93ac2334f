import TensorFiles
import TestSupport
import Testing

@Suite("Atomic files")
struct AtomicFileTests {
    @Test("a committed file stands under its name alone")
    func committed() throws {
        let directory = try TestDirectory()
        try AtomicFile.write([1, 2, 3], to: directory.file("a"))
        try AtomicFile.write([4], to: directory.file("a"))
        #expect(try directory.names() == ["a"])
        #expect(try directory.read("a") == [4])
    }

    @Test("a file that is dropped leaves nothing")
    func dropped() throws {
        let directory = try TestDirectory()
        do {
            let file = try AtomicFile(replacing: directory.file("a"))
            try [UInt8](repeating: 1, count: 10).withUnsafeBytes { try file.append($0) }
            #expect(try directory.names().count == 1)
        }
        #expect(try directory.names().isEmpty)
    }

    @Test("whichever step fails, the old file or the new one stands whole, and the error names the step")
    func everyFault() throws {
        let directory = try TestDirectory()
        let path = directory.file("a")
        try AtomicFile.write([0], to: path)
        let points = FaultPoints()
        try points.run { try AtomicFile.write([1, 1], to: path) }
        #expect(points.steps == [.create, .write, .synchronize, .rename, .open, .synchronizeFolder])
        for failing in 0..<points.count {
            try AtomicFile.write([0], to: path)
            let step = points.steps[failing]
            let error = #expect(throws: TensorFileError.self) {
                try FaultPoints(failing: failing, code: 28).run { try AtomicFile.write([1, 1], to: path) }
            }
            guard case .system(let failed, _, let code) = error else { continue }
            #expect(failed == step && code == 28)
            #expect(try directory.names() == ["a"])
            #expect(try directory.read("a") == (failing <= 3 ? [0] : [1, 1]))
        }
    }

    @Test("a kill before any step leaves the old file or the new one")
    func everyKill() throws {
        let directory = try TestDirectory()
        let path = directory.file("a")
        try AtomicFile.write([0], to: path)
        let points = FaultPoints { _, _ in
            let bytes = try? directory.read("a")
            #expect(bytes == [0] || bytes == [1, 1])
        }
        try points.run { try AtomicFile.write([1, 1], to: path) }
        #expect(points.count == 6)
    }
}

@Suite("Folders")
struct FolderTests {
    @Test("folders are made with those above them, listed and removed whole")
    func tree() throws {
        let directory = try TestDirectory()
        try Folder.create(directory.file("a/b/c"))
        try Folder.create(directory.file("a/b/c"))
        try directory.write([1], to: "a/b/file")
        #expect(Folder.isFolder(directory.file("a/b")) && !Folder.isFolder(directory.file("a/b/file")))
        #expect(try Folder.names(directory.file("a/b")) == ["c", "file"])
        try Folder.remove(directory.file("a"))
        try Folder.remove(directory.file("a"))
        #expect(try directory.names().isEmpty)
    }

    @Test(
        "the folder above a path is found",
        arguments: [
            ("/a/b", "/a"), ("/a", "/"), ("a", "."), ("a/b/", "a"), ("/", "/"), ("a//b", "a/"),
        ]
    )
    func parent(_ path: String, _ expected: String) {
        #expect(Folder.parent(of: path) == expected)
    }

    @Test("a mapped file holds the bytes and respects its limit")
    func mapped() throws {
        let directory = try TestDirectory()
        let path = try directory.write([1, 2, 3], to: "a")
        #expect(try MappedFile.read(path, limit: 3) == [1, 2, 3])
        #expect(throws: TensorFileError.tooLarge(path: path, bytes: 3, limit: 2)) {
            try MappedFile.read(path, limit: 2)
        }
        #expect(try MappedFile.read(directory.write([], to: "empty"), limit: 0) == [])
        #expect(throws: TensorFileError.notRegular(path: directory.path)) { try MappedFile(path: directory.path) }
    }
}
