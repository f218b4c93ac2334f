import Coordination
import Foundation
import TensorFiles

/// Fetches files by digest into a folder and checks every byte before they count.
struct RemoteFiles {
    private let client: CoordinatorClient
    private static let piece: UInt64 = 4 << 20

    init(_ client: CoordinatorClient) {
        self.client = client
    }

    /// The bytes of a small blob, at most 1 MiB.
    func bytes(of digest: ContentDigest) throws(WorkerError) -> [UInt8] {
        let bytes = try client.bytes("/v1/blobs/\(digest)", 0..<1 << 20)
        guard Digest(of: bytes).description == digest.rawValue else { throw .corrupt(digest: digest.rawValue) }
        return bytes
    }

    /// Makes a folder hold exactly these files; files that are there already are kept if their bytes are right.
    func fetch(_ files: [CheckpointFile], into folder: String) throws(WorkerError) {
        try make(folder)
        for file in files {
            do {
                try file.validate()
            } catch {
                throw .unexpected(call: "a list of files", found: "\(error)")
            }
            let path = folder + "/" + file.name
            if (try? Digest(ofFile: path))?.description == file.digest.rawValue { continue }
            try fetch(file, to: path)
        }
    }

    private func fetch(_ file: CheckpointFile, to path: String) throws(WorkerError) {
        let temporary = path + ".part"
        _ = FileManager.default.createFile(atPath: temporary, contents: nil)
        guard let output = FileHandle(forWritingAtPath: temporary) else {
            throw .file(path: temporary, reason: "it cannot be written")
        }
        var done: UInt64 = 0
        while done < file.bytes {
            let end = min(file.bytes, done + RemoteFiles.piece)
            let bytes = try client.bytes("/v1/blobs/\(file.digest)", done..<end)
            guard bytes.count == Int(end - done) else { throw .corrupt(digest: file.digest.rawValue) }
            try write(Data(bytes), to: output, temporary)
            done = end
        }
        try? output.close()
        guard (try? Digest(ofFile: temporary))?.description == file.digest.rawValue else {
            try? FileManager.default.removeItem(atPath: temporary)
            throw .corrupt(digest: file.digest.rawValue)
        }
        try move(temporary, to: path)
    }

    private func write(_ data: Data, to output: FileHandle, _ path: String) throws(WorkerError) {
        do {
            try output.write(contentsOf: data)
        } catch {
            throw .file(path: path, reason: error.localizedDescription)
        }
    }

    private func make(_ folder: String) throws(WorkerError) {
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw .file(path: folder, reason: error.localizedDescription)
        }
    }

    private func move(_ source: String, to target: String) throws(WorkerError) {
        do {
            if FileManager.default.fileExists(atPath: target) { try FileManager.default.removeItem(atPath: target) }
            try FileManager.default.moveItem(atPath: source, toPath: target)
        } catch {
            throw .file(path: target, reason: error.localizedDescription)
        }
    }
}
