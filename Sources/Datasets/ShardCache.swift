import Synchronization
import TensorFiles

/// Local copies of shards by digest, verified before they are kept, in bounded disk space; any thread may use it.
///
/// The layout is that of ``ShardDirectory``: with a manifest stored beside them the copies are a data source.
public final class ShardCache: Sendable {
    /// Where the copies stand.
    public let directory: String
    /// The most bytes that copies may take.
    public let capacity: UInt64

    private let state: Mutex<State>

    private struct State {
        var entries: [String: Entry] = [:]
        var clock: UInt64 = 0

        var total: UInt64 { entries.values.reduce(0) { $0 + $1.bytes } }
    }

    private struct Entry {
        let bytes: UInt64
        var lastUse: UInt64
    }

    /// Opens a cache, made if it is missing; copies that are there already count, the oldest use first by name.
    public init(directory: String, capacity: UInt64) throws(DatasetError) {
        self.directory = directory
        self.capacity = capacity
        var state = State()
        do {
            try Folder.create(directory)
            for name in try Folder.names(directory).sorted() where name.hasSuffix(".safetensors") {
                let digest = String(name.dropLast(".safetensors".count))
                guard digest.isSHA256 else { continue }
                let bytes = UInt64(try MappedFile(path: "\(directory)/\(name)").bytes.count)
                state.clock += 1
                state.entries[digest] = Entry(bytes: bytes, lastUse: state.clock)
            }
        } catch {
            throw .file(error)
        }
        self.state = Mutex(state)
    }

    /// Bytes that copies take now.
    public var byteCount: UInt64 { state.withLock { $0.total } }

    /// Whether a copy of a shard is here.
    public func contains(_ digest: String) -> Bool {
        state.withLock { $0.entries[digest] != nil }
    }

    /// The shards of a manifest that are not here, in its order.
    public func missing(from manifest: DatasetManifest) -> [ShardInfo] {
        state.withLock { state in manifest.shards.filter { state.entries[$0.digest] == nil } }
    }

    /// Keeps a copy; the least recently used others make room for it.
    ///
    /// Throws `digest` if the bytes are not those that were asked for, and `cacheTooSmall` if they never fit.
    public func store(_ file: [UInt8], digest: String) throws(DatasetError) {
        let found = Digest(of: file).description
        guard found == digest else { throw .digest(name: digest, expected: digest, found: found) }
        let bytes = UInt64(file.count)
        guard bytes <= capacity else { throw .cacheTooSmall(capacity: capacity, needed: bytes) }
        try locked { (state) throws(TensorFileError) in
            guard state.entries[digest] == nil else { return }
            while state.total + bytes > capacity,
                let oldest = state.entries.min(by: { $0.value.lastUse < $1.value.lastUse })
            {
                try Folder.remove(path(of: oldest.key))
                state.entries[oldest.key] = nil
            }
            try AtomicFile.write(file, to: path(of: digest))
            state.clock += 1
            state.entries[digest] = Entry(bytes: bytes, lastUse: state.clock)
        }
    }

    /// Keeps the manifest beside the copies, so that `ShardDirectory(path: directory)` reads them.
    public func store(_ manifest: DatasetManifest) throws(DatasetError) {
        try manifest.write(to: directory)
    }

    /// Opens a copy, verified again; a damaged one is removed, so that it is fetched anew.
    public func shard(_ digest: String) throws(DatasetError) -> Shard {
        guard contains(digest) else { throw .notCached(digest: digest) }
        do {
            let shard = try Shard(path: path(of: digest), digest: digest)
            state.withLock { state in
                state.clock += 1
                state.entries[digest]?.lastUse = state.clock
            }
            return shard
        } catch {
            try locked { (state) throws(TensorFileError) in
                state.entries[digest] = nil
                try Folder.remove(path(of: digest))
            }
            throw error
        }
    }

    private func path(of digest: String) -> String {
        "\(directory)/\(ShardFormat.fileName(digest))"
    }

    private func locked(_ body: (inout State) throws(TensorFileError) -> Void) throws(DatasetError) {
        let failure = state.withLock { state -> TensorFileError? in
            do throws(TensorFileError) {
                try body(&state)
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw .file(failure) }
    }
}
