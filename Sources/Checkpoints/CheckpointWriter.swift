import FoundationEssentials
public import TensorFiles

/// Writes one checkpoint: files go to a temporary folder that gets its name only when all of them are on the disk.
///
/// A writer that is dropped, or whose process dies, leaves no checkpoint. One thread uses it.
public struct CheckpointWriter: ~Copyable {
    private let folder: TemporaryFolder
    private let id: CheckpointID
    private let state: CheckpointState
    private let compressionLevel: Int?
    private var files: [CheckpointFile] = []

    init(
        _ state: CheckpointState,
        in directory: String,
        compressionLevel: Int?
    ) throws(CheckpointError) {
        self.state = state
        self.compressionLevel = compressionLevel
        id = CheckpointID(samples: state.samples)
        folder = try TemporaryFolder(in: directory, for: id)
    }

    /// Adds tensors as `<name>.safetensors`, compressed if the store compresses.
    public mutating func add(
        _ name: String,
        _ tensors: [NamedTensor],
        metadata: [String: String] = [:]
    ) throws(CheckpointError) {
        let file = name + (compressionLevel == nil ? ".safetensors" : ".safetensors.zst")
        let path = try path(forNew: file)
        let level = compressionLevel
        let written = try CheckpointError.wrapping { () throws(TensorFileError) in
            try SafetensorsWriter.write(tensors, metadata: metadata, to: path, compressionLevel: level)
        }
        files.append(CheckpointFile(name: file, byteCount: written.byteCount, digest: written.digest))
    }

    /// Adds bytes under a full file name, such as `config.yaml`.
    public mutating func add(_ file: String, bytes: [UInt8]) throws(CheckpointError) {
        let path = try path(forNew: file)
        try CheckpointError.wrapping { () throws(TensorFileError) in try AtomicFile.write(bytes, to: path) }
        files.append(CheckpointFile(name: file, byteCount: bytes.count, digest: Digest(of: bytes)))
    }

    /// Adds a value as `<name>.json`; numbers keep all their bits, infinities and NaN are refused.
    public mutating func add(_ name: String, value: some Encodable) throws(CheckpointError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        let bytes: [UInt8]
        do {
            bytes = try Array(encoder.encode(value))
        } catch {
            throw .badValue(path: "\(folder.path)/\(name).json", words: "\(error)")
        }
        try add("\(name).json", bytes: bytes)
    }

    /// Writes the manifest and gives the checkpoint its name; it is on the disk when this returns.
    ///
    /// A checkpoint of the same samples is replaced.
    public consuming func commit() throws(CheckpointError) -> CheckpointID {
        let manifest = CheckpointManifest(state: state, files: files)
        let path = "\(folder.path)/\(CheckpointManifest.fileName)"
        let bytes = try manifest.encoded(path: path)
        let folder = folder
        try CheckpointError.wrapping { () throws(TensorFileError) in
            try AtomicFile.write(bytes, to: path)
            try folder.moveToFinalName()
        }
        return id
    }

    private func path(forNew file: String) throws(CheckpointError) -> String {
        guard CheckpointManifest.isFileName(file) else { throw .badName(path: folder.path, name: file) }
        precondition(!files.contains { $0.name == file }, "the checkpoint already has a file '\(file)'")
        return "\(folder.path)/\(file)"
    }
}

/// A folder that is removed unless it is moved to its final name.
private final class TemporaryFolder {
    let path: String
    private let directory: String
    private let id: CheckpointID

    init(in directory: String, for id: CheckpointID) throws(CheckpointError) {
        self.directory = directory
        self.id = id
        let path = CheckpointStore.hiddenPath(CheckpointStore.partialPrefix, id, in: directory)
        self.path = path
        try CheckpointError.wrapping { () throws(TensorFileError) in try Folder.create(path) }
    }

    deinit {
        try? Folder.remove(path)
    }

    /// Gives the folder its name; a folder that has it already steps aside and is removed when the new one stands.
    func moveToFinalName() throws(TensorFileError) {
        let target = "\(directory)/\(id)"
        try Folder.synchronize(path)
        guard Folder.exists(target) else {
            try Folder.rename(path, to: target)
            return try Folder.synchronize(directory)
        }
        let aside = CheckpointStore.hiddenPath(CheckpointStore.replacedPrefix, id, in: directory)
        try Folder.rename(target, to: aside)
        do throws(TensorFileError) {
            try Folder.rename(path, to: target)
        } catch {
            try? Folder.rename(aside, to: target)
            throw error
        }
        try Folder.synchronize(directory)
        try Folder.remove(aside)
    }
}
