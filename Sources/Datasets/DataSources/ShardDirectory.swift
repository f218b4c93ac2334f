public import Configs
import TensorFiles

/// A directory of shard files and their manifest, as ``ShardWriter`` writes it.
///
/// Every shard's SHA-256 is checked against the manifest when it is opened.
public struct ShardDirectory: DataSource {
    /// The name in a run file.
    public static let name = "shard-directory"
    /// Where the layout is described.
    public static let reference = Reference(
        title: "difftrain formats: shards",
        year: 2026,
        link: "docs/formats.md",
        equations: "section Shards"
    )

    /// The directory; must be set.
    public var path = ""
    /// Changes made to each image as it is read, in order.
    @ChoiceList<Augmentations> public var augmentations: [any Augmentation] = []

    /// A directory without a path, which must be set before use.
    public init() {}

    /// The shards of a directory, unchanged.
    public init(path: String) {
        self.path = path
    }

    /// Accepts every value; whether the path exists is seen when it is read.
    public func validate() throws(ConfigError) {
        for augmentation in augmentations { try augmentation.validate() }
    }

    /// Reads the manifest of the directory.
    public func manifest() throws(DatasetError) -> DatasetManifest {
        guard !path.isEmpty else { throw .missingPath(source: ShardDirectory.name) }
        guard Folder.isFolder(path) else { throw .notADirectory(path: path) }
        let file = "\(path)/\(DatasetManifest.fileName)"
        let bytes: [UInt8]
        do {
            bytes = try MappedFile.read(file, limit: DatasetManifest.maximumFileSize)
        } catch {
            throw .file(error)
        }
        return try .decoded(bytes, path: file)
    }

    /// Opens and verifies a shard.
    public func shard(_ index: Int) throws(DatasetError) -> Shard {
        let manifest = try manifest()
        guard manifest.shards.indices.contains(index) else {
            throw .manifest(path: path, reason: "it has no shard \(index) any more")
        }
        let digest = manifest.shards[index].digest
        return try Shard(path: "\(path)/\(ShardFormat.fileName(digest))", digest: digest)
    }
}
