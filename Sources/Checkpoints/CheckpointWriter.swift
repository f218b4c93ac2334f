import FoundationEssentials
public import TensorFiles

/// Writes one checkpoint: files go to a temporary folder that gets its name only when all of them are on the disk.
///
/// A writer that is dropped, or whose process dies, leaves no checkpoint. One thread uses it. Several ranks may write one checkpoint
/// together: what all of them hold alike, `add`, is written by rank 0, the rest by each rank under names of its own.
public struct CheckpointWriter: ~Copyable {
    /// The place of this writer among those that write the checkpoint.
    public let rank: Int
    /// How many write the checkpoint.
    public let count: Int
    /// The zstd level of tensor files, or nil.
    public let compressionLevel: Int?
    /// The files that were added here.
    public internal(set) var files: [CheckpointFile] = []
    private let folder: TemporaryFolder
    private let id: CheckpointID
    private let state: CheckpointState

    /// The folder in which the files stand until the checkpoint is finished.
    public var folderPath: String { folder.path }

    init(
        _ state: CheckpointState,
        in directory: String,
        compressionLevel: Int?,
        count: Int
    ) throws(CheckpointError) {
        (rank, self.count) = (0, count)
        self.state = state
        self.compressionLevel = compressionLevel
        id = CheckpointID(samples: state.samples)
        folder = try TemporaryFolder(in: directory, for: id)
    }

    /// Joins the writer of rank 0 in its folder as another rank; the checkpoint is rank 0's to finish.
    public init(_ state: CheckpointState, joining folderPath: String, compressionLevel: Int?, rank: Int, of count: Int)
    {
        precondition(rank > 0 && rank < count, "rank \(rank) of \(count) joins a checkpoint")
        (self.rank, self.count) = (rank, count)
        self.state = state
        self.compressionLevel = compressionLevel
        id = CheckpointID(samples: state.samples)
        folder = TemporaryFolder(ofAnother: folderPath, for: id)
    }

    /// Adds tensors as `<name>.safetensors`, compressed if the store compresses; rank 0 alone writes them.
    public mutating func add(
        _ name: String,
        _ tensors: [NamedTensor],
        metadata: [String: String] = [:]
    ) throws(CheckpointError) {
        if rank == 0 { try write(name, tensors, metadata: metadata) }
    }

    /// Writes tensors, whatever the rank.
    mutating func write(
        _ name: String,
        _ tensors: [NamedTensor],
        metadata: [String: String]
    ) throws(CheckpointError) {
        let file = name + (compressionLevel == nil ? ".safetensors" : ".safetensors.zst")
        let path = try path(forNew: file)
        let level = compressionLevel
        let written = try CheckpointError.wrapping { () throws(TensorFileError) in
            try SafetensorsWriter.write(tensors, metadata: metadata, to: path, compressionLevel: level)
        }
        files.append(CheckpointFile(name: file, byteCount: written.byteCount, digest: written.digest))
    }

    /// Adds bytes under a full file name, such as `config.yaml`; rank 0 alone writes them.
    public mutating func add(_ file: String, bytes: [UInt8]) throws(CheckpointError) {
        if rank == 0 { try write(file, bytes) }
    }

    /// Writes bytes, whatever the rank.
    mutating func write(_ file: String, _ bytes: [UInt8]) throws(CheckpointError) {
        let path = try path(forNew: file)
        try CheckpointError.wrapping { () throws(TensorFileError) in try AtomicFile.write(bytes, to: path) }
        files.append(CheckpointFile(name: file, byteCount: bytes.count, digest: Digest(of: bytes)))
    }

    /// Adds a value as `<name>.json`; numbers keep all their bits, infinities and NaN are refused.
    ///
    /// Rank 0 alone writes it.
    public mutating func add(_ name: String, value: some Encodable) throws(CheckpointError) {
        if rank == 0 { try write(name, value) }
    }

    /// Writes a value, whatever the rank.
    mutating func write(_ name: String, _ value: some Encodable) throws(CheckpointError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        let bytes: [UInt8]
        do {
            bytes = try Array(encoder.encode(value))
        } catch {
            throw .badValue(path: "\(folder.path)/\(name).json", words: "\(error)")
        }
        try write("\(name).json", bytes)
    }

    /// Writes the manifest and gives the checkpoint its name; it is on the disk when this returns.
    ///
    /// A checkpoint of the same samples is replaced. Only for rank 0, after the files of all others were included.
    public consuming func commit() throws(CheckpointError) -> CheckpointID {
        precondition(rank == 0, "rank \(rank) finishes a checkpoint")
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

/// A folder that is removed by its maker unless it is moved to its final name.
private final class TemporaryFolder {
    let path: String
    private let directory: String
    private let id: CheckpointID
    private let isOwn: Bool

    init(ofAnother path: String, for id: CheckpointID) {
        (self.path, self.id) = (path, id)
        directory = Folder.parent(of: path)
        isOwn = false
    }

    init(in directory: String, for id: CheckpointID) throws(CheckpointError) {
        self.directory = directory
        self.id = id
        isOwn = true
        let path = CheckpointStore.hiddenPath(CheckpointStore.partialPrefix, id, in: directory)
        self.path = path
        try CheckpointError.wrapping { () throws(TensorFileError) in try Folder.create(path) }
    }

    deinit {
        if isOwn { try? Folder.remove(path) }
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
