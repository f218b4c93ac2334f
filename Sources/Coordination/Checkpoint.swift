/// A state that the coordinator holds as files.
public struct Checkpoint: Codable, Equatable, Sendable {
    /// Which state.
    public let mark: StateMark
    /// Its files.
    public let files: [CheckpointFile]

    /// Names a state and its files.
    public init(mark: StateMark, files: [CheckpointFile]) {
        self.mark = mark
        self.files = files
    }

    /// Checks names and sizes.
    public func validate() throws(CoordinationError) {
        guard files.count <= 64 else { throw .invalid(what: "number of files", value: "\(files.count)") }
        try Self.validate(files)
    }

    /// Checks the names of a list of files, which has at most a million.
    public static func validate(_ files: [CheckpointFile]) throws(CoordinationError) {
        guard (1...1_000_000).contains(files.count) else {
            throw .invalid(what: "number of files", value: "\(files.count)")
        }
        for file in files { try file.validate() }
        guard Set(files.map(\.name)).count == files.count else {
            throw .invalid(what: "file list", value: "repeated name")
        }
    }
}

/// One file of a checkpoint.
public struct CheckpointFile: Codable, Equatable, Sendable {
    /// Name without folders: letters, digits, `.`, `-` and `_`, not beginning with a dot; at most 128 characters.
    public let name: String
    /// SHA-256 of its bytes.
    public let digest: ContentDigest
    /// Its size.
    public let bytes: UInt64

    /// Names a file.
    public init(name: String, digest: ContentDigest, bytes: UInt64) {
        self.name = name
        self.digest = digest
        self.bytes = bytes
    }

    /// Refuses a name that could lead out of a folder.
    public func validate() throws(CoordinationError) {
        let allowed: (UInt8) -> Bool = { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                true
            default: false
            }
        }
        guard (1...128).contains(name.utf8.count), name.utf8.allSatisfy(allowed), !name.hasPrefix(".") else {
            throw .invalid(what: "file name", value: String(name.prefix(140)))
        }
    }
}
