import Glibc

/// A file's bytes in memory, read as they are needed; one thread uses it.
///
/// The file must not be shortened while it is mapped: files of checkpoints and shards are replaced by renaming, never
/// written in place.
public final class MappedFile {
    /// Where the file stands.
    public let path: String
    /// The bytes; valid as long as this object lives.
    public let bytes: UnsafeRawBufferPointer

    /// Maps a regular file.
    public init(path: String) throws(TensorFileError) {
        self.path = path
        let file = try OpenFile(reading: path)
        let size = try file.size()
        bytes = size == 0 ? UnsafeRawBufferPointer(start: nil, count: 0) : try file.map(count: size)
    }

    deinit {
        if let start = bytes.baseAddress {
            munmap(UnsafeMutableRawPointer(mutating: start), bytes.count)
        }
    }

    /// Reads a whole file of at most `limit` bytes.
    public static func read(_ path: String, limit: Int) throws(TensorFileError) -> [UInt8] {
        let file = try MappedFile(path: path)
        guard file.bytes.count <= limit else {
            throw .tooLarge(path: path, bytes: UInt64(file.bytes.count), limit: UInt64(limit))
        }
        return withExtendedLifetime(file) { Array(file.bytes) }
    }
}
