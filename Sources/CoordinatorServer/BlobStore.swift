import Coordination
import Crypto
import Foundation
import TensorFiles

/// Files by the SHA-256 of their bytes; one appears only when it is complete and its digest is right.
struct BlobStore: Sendable {
    /// The longest blob, in bytes.
    static let limit: UInt64 = 8 << 30

    private let folder: RunFolder

    init(_ folder: RunFolder) { self.folder = folder }

    func path(of digest: ContentDigest) -> String { folder.blob(digest) }

    /// The size of a blob; nil if it is not there.
    func size(of digest: ContentDigest) -> UInt64? {
        let attributes = try? FileManager.default.attributesOfItem(atPath: folder.blob(digest))
        return (attributes?[.size] as? NSNumber)?.uint64Value
    }

    /// Takes in bytes in memory.
    func insert(_ bytes: [UInt8]) throws(CoordinatorError) -> ContentDigest {
        let digest = try Self.digest(SHA256.hash(data: bytes))
        try folder.write(bytes, to: folder.blob(digest))
        return digest
    }

    /// Takes in every file of a folder, without its subfolders.
    func insertAll(of path: String) throws(CoordinatorError) -> [CheckpointFile] {
        let names = try wrap(path) { () throws(TensorFileError) in try Folder.names(path) }
        var files: [CheckpointFile] = []
        for name in names where !name.hasPrefix(".") && !Folder.isFolder("\(path)/\(name)") {
            let receiver = try BlobReceiver(folder, expected: nil)
            try receiver.append(contentsOf: "\(path)/\(name)")
            let (digest, bytes) = try receiver.finish()
            let file = CheckpointFile(name: name, digest: digest, bytes: bytes)
            files.append(file)
        }
        do {
            try Checkpoint.validate(files)
        } catch {
            throw .coordination(error)
        }
        return files
    }

    /// Removes what uploads that were cut short have left.
    func removeRests() {
        for name in (try? Folder.names(folder.incoming)) ?? [] { try? Folder.remove("\(folder.incoming)/\(name)") }
    }

    /// Removes every blob that is not among those named.
    func retain(_ digests: Set<ContentDigest>) {
        for name in (try? Folder.names(folder.blobs)) ?? [] {
            guard let digest = ContentDigest(rawValue: name), !digests.contains(digest) else { continue }
            try? Folder.remove(folder.blob(digest))
        }
    }

    static func digest(_ hash: SHA256Digest) throws(CoordinatorError) -> ContentDigest {
        guard let digest = ContentDigest(rawValue: hex(hash)) else { throw .malformed(what: "digest") }
        return digest
    }
}

/// One blob on its way in; used by one task at a time.
final class BlobReceiver {
    private let folder: RunFolder
    private let expected: ContentDigest?
    private let path: String
    private let handle: FileHandle
    private var hasher = SHA256()
    private var count: UInt64 = 0
    private var isFinished = false

    /// Begins a blob; `expected` is the digest it has to have.
    init(_ folder: RunFolder, expected: ContentDigest?) throws(CoordinatorError) {
        self.folder = folder
        self.expected = expected
        path = "\(folder.incoming)/\(SecretBytes.random(12).text)"
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let handle = FileHandle(forWritingAtPath: path)
        else { throw .file(path: path, reason: "it cannot be made") }
        self.handle = handle
    }

    deinit {
        try? handle.close()
        if !isFinished { try? Folder.remove(path) }
    }

    /// Appends bytes; refuses them beyond the limit.
    func append(_ bytes: Data) throws(CoordinatorError) {
        count += UInt64(bytes.count)
        guard count <= BlobStore.limit else { throw .tooLarge(limit: Int(BlobStore.limit)) }
        hasher.update(data: bytes)
        do {
            try handle.write(contentsOf: bytes)
        } catch {
            throw .file(path: path, reason: "it cannot be written")
        }
    }

    /// Appends a whole file.
    func append(contentsOf source: String) throws(CoordinatorError) {
        guard let file = FileHandle(forReadingAtPath: source) else {
            throw .file(path: source, reason: "it cannot be opened")
        }
        defer { try? file.close() }
        while true {
            let chunk: Data
            do {
                chunk = try file.read(upToCount: 1 << 20) ?? Data()
            } catch {
                throw .file(path: source, reason: "it cannot be read")
            }
            if chunk.isEmpty { return }
            try append(chunk)
        }
    }

    /// Checks the digest and gives the blob its name; it is on the disk afterwards.
    func finish() throws(CoordinatorError) -> (digest: ContentDigest, bytes: UInt64) {
        let digest = try BlobStore.digest(hasher.finalize())
        if let expected, expected != digest { throw .digestMismatch(expected: expected, found: digest) }
        do {
            try handle.synchronize()
        } catch {
            throw .file(path: path, reason: "it cannot be written")
        }
        let (from, to) = (path, folder.blob(digest))
        try wrap(to) { () throws(TensorFileError) in
            try Folder.rename(from, to: to)
            try Folder.synchronize(folder.blobs)
        }
        isFinished = true
        return (digest, count)
    }
}
