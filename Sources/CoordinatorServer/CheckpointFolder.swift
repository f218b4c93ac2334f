import Checkpoints
import Coordination
import Foundation
import TensorFiles

/// Checkpoints as folders, made of blobs all or nothing.
struct CheckpointFolder: Sendable {
    private let folder: RunFolder
    private let blobs: BlobStore

    init(_ folder: RunFolder) {
        self.folder = folder
        blobs = BlobStore(folder)
    }

    /// Makes the folder of a checkpoint out of blobs that are here, once they pass; one that stands there is replaced.
    ///
    /// Reads every byte, so it stays off the actor.
    func materialize(_ checkpoint: Coordination.Checkpoint) throws(CoordinatorError) {
        for file in checkpoint.files where blobs.size(of: file.digest) != file.bytes {
            throw .missingBlob(file.digest)
        }
        let final = folder.checkpoint(checkpoint.mark.samples)
        let partial = "\(final).\(SecretBytes.random(6).text).partial"
        do {
            try wrap(partial) { () throws(TensorFileError) in try Folder.create(partial) }
            for file in checkpoint.files { try link(blobs.path(of: file.digest), to: "\(partial)/\(file.name)") }
            try verify(partial, samples: checkpoint.mark.samples)
            try wrap(final) { () throws(TensorFileError) in
                try Folder.synchronize(partial)
                try Folder.remove(final)
                try Folder.rename(partial, to: final)
                try Folder.synchronize(folder.checkpoints)
            }
        } catch {
            try? Folder.remove(partial)
            throw error
        }
    }

    /// Refuses files that are no checkpoint, or one of another state, before anybody is told to load them.
    private func verify(_ path: String, samples: UInt64) throws(CoordinatorError) {
        do {
            let found = try CheckpointReader(path: path).id.samples
            guard found == samples else {
                throw CoordinatorError.badCheckpoint(reason: "it is the state at \(found) samples, not at \(samples)")
            }
        } catch let error as CoordinatorError {
            throw error
        } catch {
            throw .badCheckpoint(reason: "\(error)".replacing(path + "/", with: ""))
        }
    }

    private func link(_ blob: String, to path: String) throws(CoordinatorError) {
        do {
            try FileManager.default.linkItem(atPath: blob, toPath: path)
        } catch {
            throw .file(path: path, reason: "it cannot be linked")
        }
    }

    /// Removes a checkpoint.
    func remove(_ samples: UInt64) { try? Folder.remove(folder.checkpoint(samples)) }

    /// Removes folders of checkpoints that are not held, such as what a crash has left.
    func retain(_ held: [Coordination.Checkpoint]) {
        let names = Set(held.map { RunFolder.padded($0.mark.samples) })
        for name in (try? Folder.names(folder.checkpoints)) ?? [] where !names.contains(name) {
            try? Folder.remove("\(folder.checkpoints)/\(name)")
        }
    }
}
