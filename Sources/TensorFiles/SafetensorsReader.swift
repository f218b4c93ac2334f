public import Buffers

/// Reads tensors by name from a safetensors file, plain or in one zstd frame; one thread uses it.
public struct SafetensorsReader {
    /// The checked header.
    public let header: SafetensorsHeader
    /// The file, for messages.
    public let path: String
    private let source: Source

    /// Whoever keeps the bytes alive.
    private enum Source {
        case mapped(MappedFile)
        case memory(Storage)

        var bytes: UnsafeRawBufferPointer {
            switch self {
            case .mapped(let file): file.bytes
            case .memory(let storage): UnsafeRawBufferPointer(start: storage.address, count: storage.byteCount)
            }
        }
    }

    /// Opens a file; a name that ends in `.zst` is decompressed into at most `limit` bytes.
    public init(path: String, limit: Int = 1 << 36) throws(TensorFileError) {
        let file = try MappedFile(path: path)
        if path.hasSuffix(".zst") {
            try self.init(.memory(Zstd.decompress(file.bytes, limit: limit, name: path)), path: path)
        } else {
            try self.init(.mapped(file), path: path)
        }
    }

    /// Reads a plain file that is in memory already; `name` stands in errors.
    public init(bytes: [UInt8], name: String) throws(TensorFileError) {
        let storage = Storage(byteCount: bytes.count)
        UnsafeMutableRawBufferPointer(start: storage.address, count: bytes.count).copyBytes(from: bytes)
        try self.init(.memory(storage), path: name)
    }

    private init(_ source: Source, path: String) throws(TensorFileError) {
        header = try SafetensorsHeader(parsing: source.bytes, path: path)
        self.source = source
        self.path = path
    }

    /// The names of all tensors in the order of their data.
    public var names: [String] {
        header.entries.map(\.name)
    }

    /// Whether the file has a tensor of a name.
    public func contains(_ name: String) -> Bool {
        header.entries.contains { $0.name == name }
    }

    /// A copy of one tensor.
    public func tensor(_ name: String) throws(TensorFileError) -> TensorData {
        guard let entry = header.entries.first(where: { $0.name == name }) else {
            throw .noTensor(path: path, name: name)
        }
        return read(entry)
    }

    /// Copies of all tensors in the order of their data.
    public func tensors() -> [NamedTensor] {
        header.entries.map { NamedTensor($0.name, read($0)) }
    }

    private func read(_ entry: SafetensorsHeader.Entry) -> TensorData {
        let start = header.dataOffset + entry.range.lowerBound
        return withExtendedLifetime(source) {
            let part = UnsafeRawBufferPointer(rebasing: source.bytes[start..<start + entry.range.count])
            return TensorData(bytes: part, dtype: entry.dtype, shape: entry.shape)
        }
    }
}
