public import TensorFiles

/// The checkpoints of one run in one directory.
///
/// One process at a time writes; it holds the run directory's lock. Reading needs no lock.
public struct CheckpointStore: Sendable {
    /// The directory that holds the checkpoints' folders.
    public let directory: String
    /// The zstd level of tensor files, or nil to store them as they are.
    public let compressionLevel: Int?

    static let partialPrefix = ".partial-"
    static let removedPrefix = ".removed-"
    static let replacedPrefix = ".replaced-"

    /// Names a store; the directory is made with the first checkpoint.
    public init(directory: String, compressionLevel: Int? = Zstd.defaultLevel) {
        self.directory = directory
        self.compressionLevel = compressionLevel
    }

    /// Begins a checkpoint of a state, which rank 0 writes with the other ranks if `count` is above 1.
    public func begin(_ state: CheckpointState, count: Int = 1) throws(CheckpointError) -> CheckpointWriter {
        precondition(count >= 1, "a checkpoint of \(count) ranks")
        return try CheckpointWriter(state, in: directory, compressionLevel: compressionLevel, count: count)
    }

    /// The finished checkpoints from old to new, sound or not.
    public func list() throws(CheckpointError) -> [CheckpointID] {
        try names().compactMap { CheckpointID(folder: $0) }.sorted()
    }

    /// The folder of a checkpoint.
    public func path(of id: CheckpointID) -> String {
        "\(directory)/\(id)"
    }

    /// Opens and verifies one checkpoint.
    public func open(_ id: CheckpointID) throws(CheckpointError) -> CheckpointReader {
        let reader = try CheckpointReader(path: path(of: id))
        guard reader.id == id else {
            throw .incompatible(
                path: reader.path,
                what: "the state after sample",
                expected: "\(id)",
                found: "\(reader.id)"
            )
        }
        return reader
    }

    /// The newest sound checkpoint, with the damaged ones that are newer.
    public struct Newest: Sendable {
        /// The newest sound checkpoint; nil if there is none.
        public let reader: CheckpointReader?
        /// Newer checkpoints that are damaged, and why; someone should be told.
        public let refused: [(id: CheckpointID, error: CheckpointError)]
    }

    /// Finds the newest checkpoint that passes every check.
    public func newestValid() throws(CheckpointError) -> Newest {
        var refused: [(id: CheckpointID, error: CheckpointError)] = []
        for id in try list().reversed() {
            do throws(CheckpointError) {
                return Newest(reader: try open(id), refused: refused)
            } catch {
                refused.append((id, error))
            }
        }
        return Newest(reader: nil, refused: refused)
    }

    /// Removes all but the newest `count` checkpoints and returns those removed; `count` is at least 1.
    ///
    /// A removal that is cut short leaves no half checkpoint: the folder loses its name first.
    @discardableResult
    public func retain(_ count: Int) throws(CheckpointError) -> [CheckpointID] {
        precondition(count >= 1, "retain \(count) checkpoints")
        let removed = Array(try list().dropLast(count))
        for id in removed {
            let doomed = Self.hiddenPath(Self.removedPrefix, id, in: directory)
            let path = path(of: id)
            try CheckpointError.wrapping { () throws(TensorFileError) in
                try Folder.rename(path, to: doomed)
                try Folder.remove(doomed)
            }
        }
        return removed
    }

    /// Clears up after a killed process and returns the names that were removed.
    ///
    /// A checkpoint that stepped aside for a successor which never came gets its name back. The caller holds the run
    /// directory's lock.
    @discardableResult
    public func removeRemains() throws(CheckpointError) -> [String] {
        var removed: [String] = []
        for name in try names() where name.hasPrefix(".") {
            let path = "\(directory)/\(name)"
            let parts = name.split(separator: "-")
            guard parts.count == 3, let id = CheckpointID(folder: String(parts[1])) else { continue }
            let mayReturn = parts[0] + "-" == Self.replacedPrefix && !Folder.exists(self.path(of: id))
            guard mayReturn || Self.prefixes.contains(parts[0] + "-") else { continue }
            try CheckpointError.wrapping { () throws(TensorFileError) in
                try mayReturn ? Folder.rename(path, to: self.path(of: id)) : Folder.remove(path)
            }
            removed += mayReturn ? [] : [name]
        }
        return removed
    }

    private static let prefixes = [partialPrefix, removedPrefix, replacedPrefix]

    /// A path of its own for a folder that is no checkpoint yet, or no longer.
    static func hiddenPath(_ prefix: String, _ id: CheckpointID, in directory: String) -> String {
        "\(directory)/\(prefix)\(id)-\(String(UInt64.random(in: .min ... .max), radix: 36))"
    }

    private func names() throws(CheckpointError) -> [String] {
        guard Folder.exists(directory) else { return [] }
        return try CheckpointError.wrapping { () throws(TensorFileError) in try Folder.names(directory) }
    }
}
