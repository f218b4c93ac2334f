import Buffers

/// What was written to a file.
public struct WrittenFile: Sendable, Hashable, Codable {
    /// The file's size.
    public let byteCount: Int
    /// The SHA-256 of the file's bytes.
    public let digest: Digest
}

/// Writes tensors in order as a safetensors file whose data begins at a multiple of 64 bytes.
public enum SafetensorsWriter {
    /// The alignment of the data in the file, in bytes.
    public static let alignment = 64

    /// Writes a file that appears whole or not at all; with a level it becomes one zstd frame.
    ///
    /// Names must be unique and not `__metadata__`. Give compressed files a name that ends in `.zst`.
    @discardableResult
    public static func write(
        _ tensors: [NamedTensor],
        metadata: [String: String] = [:],
        to path: String,
        compressionLevel: Int? = nil
    ) throws(TensorFileError) -> WrittenFile {
        let header = Self.header(tensors, metadata: metadata)
        let size = tensors.reduce(header.count) { $0 + byteCount($1) }
        let file = try DigestedFile(replacing: path, compressing: compressionLevel.map { (size, $0) })
        try file.append(header)
        for tensor in tensors {
            let bytes = UnsafeRawBufferPointer(start: tensor.data.region.address, count: byteCount(tensor))
            try withExtendedLifetime(tensor) { () throws(TensorFileError) in try file.append(bytes) }
        }
        return try file.commit()
    }

    /// The bytes of a plain file.
    public static func encode(_ tensors: [NamedTensor], metadata: [String: String] = [:]) -> [UInt8] {
        tensors.reduce(into: header(tensors, metadata: metadata)) { bytes, tensor in
            tensor.data.withUnsafeBytes { bytes.append(contentsOf: $0) }
        }
    }

    private static func byteCount(_ tensor: NamedTensor) -> Int {
        tensor.data.shape.count * tensor.data.dtype.byteWidth
    }

    /// The length and the padded header.
    private static func header(_ tensors: [NamedTensor], metadata: [String: String]) -> [UInt8] {
        var items: [String] = []
        if !metadata.isEmpty {
            let pairs = metadata.sorted { $0.key < $1.key }.map { "\(quoted($0.key)):\(quoted($0.value))" }
            items.append("\"\(SafetensorsHeader.metadataKey)\":{\(pairs.joined(separator: ","))}")
        }
        var names: Set<String> = [SafetensorsHeader.metadataKey]
        var offset = 0
        for tensor in tensors {
            precondition(names.insert(tensor.name).inserted, "two tensors are named '\(tensor.name)'")
            let end = offset + byteCount(tensor)
            let shape = tensor.data.shape.dimensions.map(String.init).joined(separator: ",")
            let type = tensor.data.dtype.rawValue
            items.append(
                "\(quoted(tensor.name)):{\"dtype\":\"\(type)\",\"shape\":[\(shape)],\"data_offsets\":[\(offset),\(end)]}"
            )
            offset = end
        }
        var text = Array("{\(items.joined(separator: ","))}".utf8)
        let padding = (alignment - (8 + text.count) % alignment) % alignment
        text.append(contentsOf: repeatElement(UInt8(ascii: " "), count: padding))
        return withUnsafeBytes(of: UInt64(text.count).littleEndian, Array.init) + text
    }

    private static func quoted(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "\"") { result, scalar in
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\u{0}"..."\u{1F}":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        } + "\""
    }
}

/// An atomic file that is compressed and digested while it is written.
private final class DigestedFile {
    private let file: AtomicFile
    private let compressor: ZstdCompressor?
    private var digester = Digester()
    private var byteCount = 0

    init(replacing path: String, compressing: (size: Int, level: Int)?) throws(TensorFileError) {
        file = try AtomicFile(replacing: path)
        compressor = compressing.map { ZstdCompressor(size: $0.size, level: $0.level) }
    }

    func append(_ bytes: [UInt8]) throws(TensorFileError) {
        let storage = Storage(byteCount: bytes.count)
        UnsafeMutableRawBufferPointer(start: storage.address, count: bytes.count).copyBytes(from: bytes)
        try append(UnsafeRawBufferPointer(start: storage.address, count: bytes.count))
        withExtendedLifetime(storage) {}
    }

    func append(_ bytes: UnsafeRawBufferPointer) throws(TensorFileError) {
        guard let compressor else { return try store(bytes) }
        try compressor.append(bytes) { (part) throws(TensorFileError) in try store(part) }
    }

    func commit() throws(TensorFileError) -> WrittenFile {
        try compressor?.finish { (part) throws(TensorFileError) in try store(part) }
        try file.commit()
        return WrittenFile(byteCount: byteCount, digest: digester.finish())
    }

    private func store(_ bytes: UnsafeRawBufferPointer) throws(TensorFileError) {
        try file.append(bytes)
        digester.update(bytes)
        byteCount += bytes.count
    }
}
