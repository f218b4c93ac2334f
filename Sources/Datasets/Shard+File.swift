import Buffers
import TensorFiles

/// The names in a shard file: safetensors with one of two sets of tensors.
///
/// Images of one size are `images`, U8 `[N, H, W, C]`; image files are `bytes`, U8 `[total]`, and `offsets`, I64 `[N +
/// 1]`. Either may have `labels`, I64 `[N]`. Metadata: `format`, `version`, and `white`, the level that becomes 1.
enum ShardFormat {
    static let name = "difftrain-shard"
    static let version = "1"
    static let images = "images"
    static let bytes = "bytes"
    static let offsets = "offsets"
    static let labels = "labels"
    static let white = "white"

    /// The file of a shard in a directory of shards.
    static func fileName(_ digest: String) -> String { "\(digest).safetensors" }

    static func metadata(white: Int?) -> [String: String] {
        var result = ["format": name, "version": version]
        result[self.white] = white.map(String.init)
        return result
    }
}

extension Shard {
    /// Opens a shard file whose SHA-256 must be `digest`.
    init(path: String, digest: String) throws(DatasetError) {
        let reader: SafetensorsReader
        let found: String
        // The digest is judged first: what a damaged header says of itself helps nobody.
        do {
            found = try Digest(ofFile: path).description
        } catch {
            throw .file(error)
        }
        guard found == digest else { throw .digest(name: path, expected: digest, found: found) }
        do {
            reader = try SafetensorsReader(path: path)
        } catch {
            throw .file(error)
        }
        try self.init(reader)
    }

    /// Reads the tensors of a shard and checks every number that later code relies on.
    init(_ reader: SafetensorsReader) throws(DatasetError) {
        let file = ShardReader(reader: reader)
        try file.checkMetadata()
        if reader.contains(ShardFormat.images) {
            let images = try file.images()
            let labels = try file.labels(count: images.shape[0])
            self.init(name: reader.path, images: images, white: try file.white(), labels: labels)
        } else {
            let bytes = try file.tensor(ShardFormat.bytes, .uint8, rank: 1)
            let offsets = try file.offsets(into: bytes.shape[0])
            let labels = try file.labels(count: offsets.count - 1)
            self.init(name: reader.path, bytes: bytes, offsets: offsets, labels: labels)
        }
    }
}

/// Tensors of a shard file, each checked for type, shape and content.
private struct ShardReader {
    let reader: SafetensorsReader

    func checkMetadata() throws(DatasetError) {
        for (key, expected) in [("format", ShardFormat.name), ("version", ShardFormat.version)] {
            let found = reader.header.metadata[key] ?? "none"
            guard found == expected else { throw wrong("__metadata__.\(key)", expected, found) }
        }
    }

    func tensor(_ name: String, _ dtype: DType, rank: Int) throws(DatasetError) -> TensorData {
        guard let entry = reader.header.entries.first(where: { $0.name == name }) else {
            throw .shard(name: reader.path, .missing(tensor: name))
        }
        guard entry.dtype == dtype, entry.shape.rank == rank else {
            throw wrong(name, "\(dtype.rawValue) of \(rank) axes", "\(entry.dtype.rawValue) \(entry.shape)")
        }
        do {
            return try reader.tensor(name)
        } catch {
            throw .file(error)
        }
    }

    func images() throws(DatasetError) -> TensorData {
        let images = try tensor(ShardFormat.images, .uint8, rank: 4)
        let shape = images.shape
        guard shape.count > 0, shape[1] <= 16384, shape[2] <= 16384, shape[3] == 1 || shape[3] == 3 else {
            throw wrong(ShardFormat.images, "[N, H, W, 1 or 3] with sides up to 16384", "\(shape)")
        }
        return images
    }

    func white() throws(DatasetError) -> Int {
        let text = reader.header.metadata[ShardFormat.white] ?? "none"
        guard let white = Int(text), (1...255).contains(white) else {
            throw wrong("__metadata__.\(ShardFormat.white)", "a number from 1 to 255", text)
        }
        return white
    }

    func offsets(into count: Int) throws(DatasetError) -> [Int64] {
        let offsets = try tensor(ShardFormat.offsets, .int64, rank: 1).integers
        guard offsets.count >= 2 else { throw wrong(ShardFormat.offsets, "I64 [N + 1]", "[\(offsets.count)]") }
        guard offsets[0] == 0 else { throw .shard(name: reader.path, .badOffset(row: 0)) }
        for row in 1..<offsets.count where offsets[row] < offsets[row - 1] || offsets[row] > Int64(count) {
            throw .shard(name: reader.path, .badOffset(row: row - 1))
        }
        guard offsets[offsets.count - 1] == Int64(count) else {
            throw .shard(name: reader.path, .badOffset(row: offsets.count - 1))
        }
        return offsets
    }

    func labels(count: Int) throws(DatasetError) -> [Int64]? {
        guard reader.contains(ShardFormat.labels) else { return nil }
        let labels = try tensor(ShardFormat.labels, .int64, rank: 1).integers
        guard labels.count == count else { throw wrong(ShardFormat.labels, "I64 [\(count)]", "[\(labels.count)]") }
        for (row, label) in labels.enumerated() where label < 0 || label >= 1 << 24 {
            throw .shard(name: reader.path, .badLabel(row: row, label: label, classes: 1 << 24))
        }
        return labels
    }

    private func wrong(_ tensor: String, _ expected: String, _ found: String) -> DatasetError {
        .shard(name: reader.path, .wrongTensor(tensor, expected: expected, found: found))
    }
}
