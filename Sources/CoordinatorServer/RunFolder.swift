import Checkpoints
public import Coordination
import Foundation
import TensorFiles

/// Where everything of a coordinated run lies.
///
/// `run.yaml`, `run.jsonl`, `coordinator.sqlite`, `blobs/<sha256>`, `checkpoints/<samples>/`, `samples/<samples>.png`, `keys/`.
public struct RunFolder: Sendable {
    /// The folder.
    public let path: String

    /// Names a folder; nothing is read.
    public init(_ path: String) { self.path = path }

    /// The resolved run file.
    public var runFile: String { path + "/run.yaml" }
    /// One report a line.
    public var reports: String { path + "/run.jsonl" }
    /// The journal.
    public var journal: String { path + "/coordinator.sqlite" }
    /// Tokens by their digests.
    public var tokens: String { path + "/keys/tokens.json" }
    /// The first token.
    public var firstToken: String { path + "/keys/worker.token" }
    /// The secret from which the keys of exchanges are made.
    public var secret: String { path + "/keys/secret" }
    var keys: String { path + "/keys" }
    var blobs: String { path + "/blobs" }
    var checkpoints: String { path + "/checkpoints" }
    var samples: String { path + "/samples" }
    var incoming: String { path + "/blobs/incoming" }

    /// The path of a blob.
    public func blob(_ digest: ContentDigest) -> String { blobs + "/" + digest.rawValue }

    /// The folder of a checkpoint.
    public func checkpoint(_ samples: UInt64) -> String { checkpoints + "/" + RunFolder.padded(samples) }

    /// The file of a sheet of samples.
    public func sheet(_ samples: UInt64) -> String { self.samples + "/" + RunFolder.padded(samples) + ".png" }

    static func padded(_ samples: UInt64) -> String {
        let digits = String(samples)
        return String(repeating: "0", count: max(0, 12 - digits.count)) + digits
    }

    /// Makes the folders of a new run; a folder that is there has to be empty.
    func create() throws(CoordinatorError) {
        if Folder.exists(path) {
            guard Folder.isFolder(path) else { throw .notEmpty(path: path) }
            let names = try wrap(path) { () throws(TensorFileError) in try Folder.names(path) }
            guard names.isEmpty else { throw .notEmpty(path: path) }
        }
        for folder in [path, keys, blobs, incoming, checkpoints, samples] {
            try wrap(folder) { () throws(TensorFileError) in try Folder.create(folder) }
        }
        try allow(0o700, on: keys)
    }

    /// Whether `init` has completed here.
    public var isRun: Bool { Folder.exists(journal) && Folder.exists(runFile) }

    /// Keeps other processes out, those that train in the folder included, as long as the result lives.
    func lock() throws(CoordinatorError) -> RunDirectoryLock {
        guard isRun else { throw .notARun(path: path) }
        do {
            return try RunDirectoryLock(directory: path)
        } catch {
            guard case .locked = error else { throw .file(path: path, reason: "\(error)") }
            throw .inUse(path: path)
        }
    }

    /// Writes a file whole or not at all; it is on the disk afterwards.
    func write(_ bytes: [UInt8], to path: String, secret: Bool = false) throws(CoordinatorError) {
        try wrap(path) { () throws(TensorFileError) in try AtomicFile.write(bytes, to: path) }
        if secret { try allow(0o600, on: path) }
    }

    private func allow(_ permissions: Int, on path: String) throws(CoordinatorError) {
        do {
            try FileManager.default.setAttributes([.posixPermissions: permissions], ofItemAtPath: path)
        } catch {
            throw .file(path: path, reason: "its permissions cannot be set")
        }
    }

    /// Reads a file of at most `limit` bytes.
    func read(_ path: String, limit: Int = 1 << 24) throws(CoordinatorError) -> [UInt8] {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw .file(path: path, reason: "it cannot be opened")
        }
        do {
            let bytes = try handle.read(upToCount: limit + 1) ?? Data()
            guard bytes.count <= limit else {
                throw CoordinatorError.file(path: path, reason: "it is longer than \(limit) bytes")
            }
            return Array(bytes)
        } catch let error as CoordinatorError {
            throw error
        } catch {
            throw .file(path: path, reason: "it cannot be read")
        }
    }
}

/// Runs a file operation and names the path in its error.
func wrap<Result>(
    _ path: String,
    _ operation: () throws(TensorFileError) -> Result
) throws(CoordinatorError) -> Result {
    do {
        return try operation()
    } catch {
        throw .file(path: path, reason: "\(error)")
    }
}
