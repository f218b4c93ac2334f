import FoundationEssentials
public import TensorFiles

/// One file of a checkpoint.
public struct CheckpointFile: Codable, Hashable, Sendable {
    /// The file's name in the checkpoint's folder.
    public let name: String
    /// The size in bytes.
    public let byteCount: Int
    /// The SHA-256 of the bytes.
    public let digest: Digest
}

/// What state a checkpoint holds.
public struct CheckpointState: Codable, Hashable, Sendable {
    /// Samples seen.
    public var samples: UInt64
    /// Optimiser steps taken.
    public var step: Int
    /// Samples planned in all.
    public var plannedSamples: UInt64
    /// The digest of the resolved run file.
    public var configDigest: Digest
    /// Further facts, such as the layout's digest.
    public var facts: [String: String]

    /// Describes a state.
    public init(
        samples: UInt64,
        step: Int,
        plannedSamples: UInt64,
        configDigest: Digest,
        facts: [String: String] = [:]
    ) {
        self.samples = samples
        self.step = step
        self.plannedSamples = plannedSamples
        self.configDigest = configDigest
        self.facts = facts
    }
}

/// The list of a checkpoint's files with their digests, and what state they are.
public struct CheckpointManifest: Hashable, Sendable {
    /// The version of the format that this program reads and writes.
    public static let formatVersion = 1
    /// The manifest's own file name.
    public static let fileName = "manifest.json"
    /// The longest manifest that is read, in bytes.
    static let maximumBytes = 4 << 20
    /// The most files of a checkpoint.
    static let maximumFiles = 10_000

    /// What state the checkpoint holds.
    public let state: CheckpointState
    /// The files in the order in which they were written.
    public let files: [CheckpointFile]

    init(state: CheckpointState, files: [CheckpointFile]) {
        self.state = state
        self.files = files
    }

    /// The digest over everything the manifest says: equal for equal checkpoints, wherever they stand.
    public var digest: Digest {
        var text = "difftrain checkpoint \(Self.formatVersion)\n"
        text += "\(state.samples) \(state.step) \(state.plannedSamples) \(state.configDigest)\n"
        for fact in state.facts.sorted(by: { $0.key < $1.key }) {
            text += "fact \(fact.key.utf8.count) \(fact.key) \(fact.value.utf8.count) \(fact.value)\n"
        }
        for file in files {
            text += "file \(file.digest) \(file.byteCount) \(file.name)\n"
        }
        return Digest(of: text.utf8)
    }

    /// What stands in the file; the digest finds damage to the manifest itself.
    private struct Document: Codable {
        var format: String
        var version: Int
        var digest: Digest
        var state: CheckpointState
        var files: [CheckpointFile]
    }

    private struct Version: Codable {
        var format: String
        var version: Int
    }

    private static let format = "difftrain-checkpoint"

    /// The manifest as JSON with sorted keys.
    func encoded(path: String) throws(CheckpointError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        let document = Document(
            format: Self.format,
            version: Self.formatVersion,
            digest: digest,
            state: state,
            files: files
        )
        do {
            return try Array(encoder.encode(document)) + [UInt8(ascii: "\n")]
        } catch {
            throw .badManifest(path: path, words: "\(error)")
        }
    }

    /// Parses and checks a manifest; `path` stands in errors.
    init(parsing bytes: [UInt8], path: String) throws(CheckpointError) {
        let data = Data(bytes)
        let decoder = JSONDecoder()
        guard let version = try? decoder.decode(Version.self, from: data), version.format == Self.format else {
            throw .badManifest(path: path, words: "no '\(Self.format)'")
        }
        guard version.version == Self.formatVersion else {
            throw .wrongVersion(path: path, found: version.version, supported: Self.formatVersion)
        }
        let document: Document
        do {
            document = try decoder.decode(Document.self, from: data)
        } catch {
            throw .badManifest(path: path, words: "a field is missing or has the wrong kind")
        }
        self.init(state: document.state, files: document.files)
        guard digest == document.digest else {
            throw .badManifest(path: path, words: "its digest does not match")
        }
        try checkFiles(path: path)
    }

    private func checkFiles(path: String) throws(CheckpointError) {
        guard files.count <= Self.maximumFiles else { throw .badManifest(path: path, words: "too many files") }
        var names: Set<String> = []
        for file in files {
            guard Self.isFileName(file.name) else { throw .badName(path: path, name: file.name) }
            guard names.insert(file.name).inserted, file.byteCount >= 0 else {
                throw .badManifest(path: path, words: "'\(file.name)' stands twice or has no size")
            }
        }
    }

    /// Whether a checkpoint may hold a file of this name.
    static func isFileName(_ name: String) -> Bool {
        let allowed = name.utf8.allSatisfy { byte in
            (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5A) || (byte >= 0x61 && byte <= 0x7A)
                || "._-".utf8.contains(byte)
        }
        return allowed && (1...128).contains(name.utf8.count) && !name.hasPrefix(".") && name != fileName
    }
}
