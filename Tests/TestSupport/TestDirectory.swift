import FoundationEssentials
import Glibc

/// A folder for one test, made in the system's temporary folder and removed with the value.
public final class TestDirectory: Sendable {
    /// The folder's path, without a slash at the end.
    public let path: String

    /// Makes an empty folder with a name of its own.
    public init() throws {
        let parent = FileManager.default.temporaryDirectory.path(percentEncoded: false)
        let base = parent.hasSuffix("/") ? String(parent.dropLast()) : parent
        path = "\(base)/difftrain-test-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// The path of a name in the folder.
    public func file(_ name: String) -> String {
        "\(path)/\(name)"
    }

    /// Writes bytes to a name in the folder and returns the path.
    @discardableResult
    public func write(_ bytes: [UInt8], to name: String) throws -> String {
        try Data(bytes).write(to: URL(filePath: file(name)))
        return file(name)
    }

    /// The bytes of a name in the folder.
    public func read(_ name: String) throws -> [UInt8] {
        try Array(Data(contentsOf: URL(filePath: file(name))))
    }

    /// The names in the folder, sorted.
    public func names(_ subfolder: String = "") throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: subfolder.isEmpty ? path : file(subfolder)).sorted()
    }
}
