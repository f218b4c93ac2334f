public import Buffers

/// The records of one shard, open for reading by any thread.
public struct Shard: Sendable {
    /// What the shard is called in errors: its digest or path.
    public let name: String
    /// The number of records.
    public let count: Int

    private let content: Content
    private let labels: [Int64]?

    private enum Content: Sendable {
        case pixels(TensorData, white: Int)
        case encoded(TensorData, offsets: [Int64])
        case files([String])
    }

    /// Images of one size: `[N, H, W, C]` levels `0...white`, and a label for each if there are classes.
    public init(name: String, images: TensorData, white: Int, labels: [Int64]?) {
        precondition(images.dtype == .uint8 && images.shape.rank == 4, "\(images.dtype) \(images.shape) images")
        precondition(labels.map { $0.count == images.shape[0] } ?? true, "labels do not fit the images")
        self.name = name
        self.labels = labels
        count = images.shape[0]
        content = .pixels(images, white: white)
    }

    /// Image files one after another: file `i` is `bytes[offsets[i]..<offsets[i + 1]]`.
    ///
    /// Offsets must rise from 0 to the number of bytes and be one more than the records.
    init(name: String, bytes: TensorData, offsets: [Int64], labels: [Int64]?) {
        precondition(bytes.dtype == .uint8 && offsets.count >= 1, "\(bytes.dtype) bytes, \(offsets.count) offsets")
        self.name = name
        self.labels = labels
        count = offsets.count - 1
        content = .encoded(bytes, offsets: offsets)
    }

    /// Image files on disk, each read when its record is asked for.
    init(name: String, files: [String], labels: [Int64]?) {
        self.name = name
        self.labels = labels
        count = files.count
        content = .files(files)
    }

    /// The record of a row in `0..<count`.
    ///
    /// Throws if the record is a file that cannot be read; the image itself is judged when it is decoded.
    public func record(_ row: Int) throws(DatasetError) -> Record {
        precondition(row >= 0 && row < count, "row \(row) of \(count)")
        let label = labels.map { Int($0[row]) }
        switch content {
        case .pixels(let images, let white):
            let shape = Shape(Array(images.shape.dimensions.dropFirst()))
            let pixels = images.rows(row..<row + 1).withUnsafeBytes { Array($0) }
            return Record(image: .pixels(pixels, shape: shape, white: white), label: label)
        case .encoded(let bytes, let offsets):
            let part = Int(offsets[row])..<Int(offsets[row + 1])
            return Record(image: .encoded(bytes.rows(part).withUnsafeBytes { Array($0) }), label: label)
        case .files(let paths):
            return Record(image: .encoded(try ImageListing.read(paths[row])), label: label)
        }
    }

    /// What a row is called in errors.
    public func name(of row: Int) -> String {
        if case .files(let paths) = content { return paths[row] }
        return "record \(row) of \(name)"
    }

    /// Refuses a shard that holds another number of records than its manifest says, or labels that are no class of it.
    func check(against manifest: DatasetManifest, at index: Int) throws(DatasetError) {
        let expected = manifest.shards[index].count
        guard count == expected else {
            throw .shard(name: name, .disagrees(what: "the records", expected: "\(expected)", found: "\(count)"))
        }
        guard (labels != nil) == (manifest.classes > 0) else {
            let (said, found) = manifest.classes > 0 ? ("present", "missing") : ("missing", "present")
            throw .shard(name: name, .disagrees(what: "labels", expected: said, found: found))
        }
        guard let labels else { return }
        for (row, label) in labels.enumerated() where label < 0 || label >= Int64(manifest.classes) {
            throw .shard(name: name, .badLabel(row: row, label: label, classes: manifest.classes))
        }
    }
}
