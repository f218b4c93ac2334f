import Communication
import Coordination
import Foundation
import TensorFiles
import Training

/// Sends files of rank 0 to the ranks that do not have them: ranks on other hosts need not see its disk.
struct ClusterFiles {
    private let group: any Communicator
    private let folder: String
    private static let piece: UInt64 = 16 << 20

    /// `folder` is this rank's; rank 0's holds the files.
    init(_ group: any Communicator, in folder: String) {
        self.group = group
        self.folder = folder
    }

    /// Makes one file be in every rank's folder with the right bytes; every rank calls it.
    func share(_ file: CheckpointFile) throws(WorkerError) {
        do {
            try file.validate()
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw .file(path: folder, reason: error.localizedDescription)
        }
        let path = folder + "/" + file.name
        let isMissing = group.rank != 0 && (try? Digest(ofFile: path))?.description != file.digest.rawValue
        let missing = try together { () throws(CommunicationError) in try group.sum([isMissing ? 1 : 0]) }
        guard missing != [0] else { return }
        try send(file, path, keeping: isMissing)
    }

    private func send(_ file: CheckpointFile, _ path: String, keeping isMissing: Bool) throws(WorkerError) {
        // Ranks of one host may have one folder.
        let temporary = path + ".part-\(group.rank)"
        let input = group.rank == 0 ? FileHandle(forReadingAtPath: path) : nil
        if group.rank == 0, input == nil { throw .file(path: path, reason: "it cannot be read") }
        defer { try? input?.close() }
        let output = isMissing ? try open(temporary) : nil
        for start in stride(from: 0, to: file.bytes, by: UInt64.Stride(ClusterFiles.piece)) {
            let count = min(ClusterFiles.piece, file.bytes - start)
            let own = try read(input, Int(count), path)
            let bytes = try together { () throws(CommunicationError) in try group.broadcast(own, from: 0) }
            guard bytes.count == Int(count) else { throw .corrupt(digest: file.digest.rawValue) }
            try write(bytes, to: output, temporary)
        }
        guard let output else { return }
        try? output.close()
        guard (try? Digest(ofFile: temporary))?.description == file.digest.rawValue else {
            try? FileManager.default.removeItem(atPath: temporary)
            throw .corrupt(digest: file.digest.rawValue)
        }
        try place(temporary, at: path, file)
    }

    private func place(_ temporary: String, at path: String, _ file: CheckpointFile) throws(WorkerError) {
        try? FileManager.default.removeItem(atPath: path)
        do {
            try FileManager.default.moveItem(atPath: temporary, toPath: path)
        } catch {
            try? FileManager.default.removeItem(atPath: temporary)
            // Another rank with this folder may have been first.
            guard (try? Digest(ofFile: path))?.description == file.digest.rawValue else {
                throw .file(path: path, reason: error.localizedDescription)
            }
        }
    }

    private func open(_ path: String) throws(WorkerError) -> FileHandle {
        _ = FileManager.default.createFile(atPath: path, contents: nil)
        guard let output = FileHandle(forWritingAtPath: path) else {
            throw .file(path: path, reason: "it cannot be written")
        }
        return output
    }

    private func read(_ input: FileHandle?, _ count: Int, _ path: String) throws(WorkerError) -> [UInt8] {
        guard let input else { return [] }
        do {
            return [UInt8](try input.read(upToCount: count) ?? Data())
        } catch {
            throw .file(path: path, reason: error.localizedDescription)
        }
    }

    private func write(_ bytes: [UInt8], to output: FileHandle?, _ path: String) throws(WorkerError) {
        do {
            try output?.write(contentsOf: Data(bytes))
        } catch {
            throw .file(path: path, reason: error.localizedDescription)
        }
    }

    private func together<Result>(_ body: () throws(CommunicationError) -> Result) throws(WorkerError) -> Result {
        do {
            return try body()
        } catch {
            throw .training(.communication(error))
        }
    }
}
