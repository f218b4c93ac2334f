public import Buffers
import TensorFiles

/// Writes records into a directory of shards and a manifest; used by one thread.
///
/// Shards are named after their digest, and the manifest is written last: a directory without one is unfinished. The
/// same records give the same files. A new shard begins when one is full or when the kind or size of images changes.
public final class ShardWriter {
    /// The size at which a shard is closed unless a caller asks for another.
    public static let defaultShardBytes = 64 << 20

    private let directory: String
    private let name: String
    private let image: Shape
    private let classes: Int
    private let labelNames: [String]
    private let shardBytes: Int

    private var shards: [ShardInfo] = []
    private var kind: Kind?
    private var bytes: [UInt8] = []
    private var offsets: [Int64] = [0]
    private var labels: [Int64] = []

    private enum Kind: Equatable {
        case pixels(Shape, white: Int)
        case encoded
    }

    /// Begins a data set of a manifest's name, image shape and classes in a directory, which is made if it is missing.
    ///
    /// With `classes` above 0 every record needs a label below it. `shardBytes` bounds memory and the length of a
    /// shard.
    public init(
        directory: String,
        name: String,
        image: Shape,
        classes: Int,
        labels: [String] = [],
        shardBytes: Int = ShardWriter.defaultShardBytes
    ) throws(DatasetError) {
        precondition(labels.isEmpty || labels.count == classes, "\(labels.count) names for \(classes) classes")
        self.directory = directory
        self.name = name
        self.image = image
        self.classes = classes
        labelNames = labels
        self.shardBytes = shardBytes
        do {
            try Folder.create(directory)
        } catch {
            throw .file(error)
        }
    }

    /// Copies every record of a source, as stored, into a directory of shards.
    @discardableResult
    public static func export(
        _ source: any DataSource,
        to directory: String,
        shardBytes: Int = ShardWriter.defaultShardBytes
    ) throws(DatasetError) -> DatasetManifest {
        let manifest = try source.manifest()
        let writer = try ShardWriter(
            directory: directory,
            name: manifest.name,
            image: manifest.image,
            classes: manifest.classes,
            labels: manifest.labels,
            shardBytes: shardBytes
        )
        for index in manifest.shards.indices {
            let shard = try source.shard(index)
            try shard.check(against: manifest, at: index)
            for row in 0..<shard.count { try writer.add(try shard.record(row)) }
        }
        return try writer.finish()
    }

    /// Appends a record.
    public func add(_ record: Record) throws(DatasetError) {
        let (kind, content) = ShardWriter.parts(of: record.image)
        if self.kind != kind || bytes.count + content.count > shardBytes { try closeShard() }
        self.kind = kind
        let label = Int64(record.label ?? -1)
        guard classes == 0 || (0..<Int64(classes)).contains(label) else {
            throw .shard(name: name, .badLabel(row: labels.count, label: label, classes: classes))
        }
        bytes += content
        offsets.append(Int64(bytes.count))
        labels.append(label)
    }

    /// Writes what is left and the manifest, which makes the directory a data set.
    public func finish() throws(DatasetError) -> DatasetManifest {
        try closeShard()
        guard !shards.isEmpty else { throw .noImages(path: name) }
        let manifest = DatasetManifest(
            name: name,
            shards: shards,
            image: image,
            classes: classes,
            labels: labelNames
        )
        try manifest.write(to: directory)
        return manifest
    }

    private func closeShard() throws(DatasetError) {
        guard let kind, !labels.isEmpty else { return }
        let file = SafetensorsWriter.encode(tensors(kind), metadata: metadata(kind))
        let digest = Digest(of: file).description
        do {
            try AtomicFile.write(file, to: "\(directory)/\(ShardFormat.fileName(digest))")
        } catch {
            throw .file(error)
        }
        shards.append(ShardInfo(digest: digest, count: labels.count, bytes: file.count))
        bytes = []
        offsets = [0]
        labels = []
    }

    private func tensors(_ kind: Kind) -> [NamedTensor] {
        var result: [NamedTensor]
        switch kind {
        case .pixels(let shape, _):
            let images = TensorData(bytes, shape: Shape([labels.count] + shape.dimensions))
            result = [NamedTensor(ShardFormat.images, images)]
        case .encoded:
            result = [
                NamedTensor(ShardFormat.offsets, TensorData(offsets, shape: [offsets.count])),
                NamedTensor(ShardFormat.bytes, TensorData(bytes, shape: [bytes.count])),
            ]
        }
        // Eight-byte numbers come first, so that every tensor is aligned to its elements.
        if classes > 0 {
            result.insert(NamedTensor(ShardFormat.labels, TensorData(labels, shape: [labels.count])), at: 0)
        }
        return result
    }

    private func metadata(_ kind: Kind) -> [String: String] {
        if case .pixels(_, let white) = kind { return ShardFormat.metadata(white: white) }
        return ShardFormat.metadata(white: nil)
    }

    private static func parts(of image: Record.Image) -> (Kind, [UInt8]) {
        switch image {
        case .pixels(let bytes, let shape, let white): (.pixels(shape, white: white), bytes)
        case .encoded(let bytes): (.encoded, bytes)
        }
    }
}

extension DatasetManifest {
    /// Writes the manifest into a directory, whole or not at all.
    public func write(to directory: String) throws(DatasetError) {
        let bytes = try encoded()
        do {
            try AtomicFile.write(bytes, to: "\(directory)/\(DatasetManifest.fileName)")
        } catch {
            throw .file(error)
        }
    }
}
