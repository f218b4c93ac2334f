import FoundationEssentials
public import TensorFiles

/// A checkpoint whose every file was checked against its digest before anything is given out.
public struct CheckpointReader: Sendable {
    /// The checkpoint's folder.
    public let path: String
    /// What the checkpoint holds.
    public let manifest: CheckpointManifest
    /// The rank that reads, whose own files ``own(_:)`` names.
    public var rank = 0

    /// The most bytes that a compressed file may expand to.
    private static let expandedLimit = 1 << 36

    /// Opens a checkpoint's folder and reads all of it once to compare sizes and digests.
    public init(path: String) throws(CheckpointError) {
        self.path = path
        let manifestPath = "\(path)/\(CheckpointManifest.fileName)"
        guard Folder.exists(manifestPath) else { throw .noManifest(path: path) }
        let bytes = try CheckpointError.wrapping { () throws(TensorFileError) in
            try MappedFile.read(manifestPath, limit: CheckpointManifest.maximumBytes)
        }
        manifest = try CheckpointManifest(parsing: bytes, path: manifestPath)
        try SharedFileName.check(manifest.files.map(\.name), path: path)
        for file in manifest.files {
            try Self.verify(file, at: "\(path)/\(file.name)")
        }
    }

    /// The checkpoint's name.
    public var id: CheckpointID {
        CheckpointID(samples: manifest.state.samples)
    }

    /// Whether the checkpoint holds tensors under a name.
    public func hasTensors(_ name: String) -> Bool {
        tensorFile(name) != nil
    }

    /// The tensors that were added under a name, in their order.
    public func tensors(_ name: String) throws(CheckpointError) -> [NamedTensor] {
        try open(name).tensors()
    }

    /// Opens the tensor file of a name.
    func open(_ name: String) throws(CheckpointError) -> SafetensorsReader {
        guard let file = tensorFile(name) else { throw .noFile(path: path, name: name + ".safetensors") }
        return try CheckpointError.wrapping { () throws(TensorFileError) in
            try SafetensorsReader(path: "\(path)/\(file.name)", limit: Self.expandedLimit)
        }
    }

    /// The bytes of a file by its full name.
    public func bytes(_ file: String) throws(CheckpointError) -> [UInt8] {
        guard let found = manifest.files.first(where: { $0.name == file }) else {
            throw .noFile(path: path, name: file)
        }
        return try CheckpointError.wrapping { () throws(TensorFileError) in
            try MappedFile.read("\(path)/\(file)", limit: found.byteCount)
        }
    }

    /// A value that was added under a name.
    public func value<T: Decodable>(_ type: T.Type, _ name: String) throws(CheckpointError) -> T {
        let bytes = try bytes("\(name).json")
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch {
            throw .badValue(path: "\(path)/\(name).json", words: "a field is missing or has the wrong kind")
        }
    }

    /// Throws unless a fact of the checkpoint is as expected; `what` names it in the message.
    public func require(_ fact: String, _ expected: String, _ what: String) throws(CheckpointError) {
        let found = manifest.state.facts[fact] ?? "none"
        if found != expected {
            throw .incompatible(path: path, what: what, expected: expected, found: found)
        }
    }

    private func tensorFile(_ name: String) -> CheckpointFile? {
        manifest.files.first { $0.name == "\(name).safetensors" || $0.name == "\(name).safetensors.zst" }
    }

    private static func verify(_ file: CheckpointFile, at path: String) throws(CheckpointError) {
        guard Folder.exists(path) else { throw .missingFile(path: path) }
        let size = try CheckpointError.wrapping { () throws(TensorFileError) in try Folder.byteCount(path) }
        guard size == file.byteCount else {
            throw .wrongSize(path: path, expected: file.byteCount, found: size)
        }
        let digest = try CheckpointError.wrapping { () throws(TensorFileError) in try Digest(ofFile: path) }
        guard digest == file.digest else {
            throw .damaged(path: path, expected: file.digest, found: digest)
        }
    }
}
