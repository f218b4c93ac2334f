public import Buffers
import FoundationEssentials
import TensorFiles

/// One shard of a data set.
public struct ShardInfo: Codable, Sendable, Hashable {
    /// The SHA-256 of the shard's file, 64 lower-case hexadecimal digits; its file is named after it.
    ///
    /// Sources without shard files give the digest of what identifies their content, so that two equal manifests mean
    /// equal data.
    public let digest: String
    /// The number of records, at least 1.
    public let count: Int
    /// The length of the shard's file.
    public let bytes: Int

    /// Describes a shard.
    public init(digest: String, count: Int, bytes: Int) {
        self.digest = digest
        self.count = count
        self.bytes = bytes
    }
}

/// What a data set is: enough to number its records, fetch its shards and check each.
public struct DatasetManifest: Codable, Sendable, Hashable {
    /// The version of the format that this code writes and reads.
    public static let formatVersion = 1
    /// The name of the file in a directory of shards.
    public static let fileName = "manifest.json"
    /// The longest manifest that is read, in bytes.
    static let maximumFileSize = 64 << 20

    /// The version of the format.
    public let version: Int
    /// A name for people.
    public let name: String
    /// The shards; records are numbered through them in this order.
    public let shards: [ShardInfo]
    /// The number of records of all shards, at least 1.
    public let count: Int
    /// `[H, W, C]` that images are decoded to; stored images may be larger or smaller.
    public let image: Shape
    /// The number of classes; 0 if records have no label.
    public let classes: Int
    /// The names of the classes in order; empty if they have none.
    public let labels: [String]

    /// Describes a data set; its count is the sum over the shards.
    public init(name: String, shards: [ShardInfo], image: Shape, classes: Int, labels: [String] = []) {
        version = DatasetManifest.formatVersion
        self.name = name
        self.shards = shards
        count = shards.reduce(0) { $0 + $1.count }
        self.image = image
        self.classes = classes
        self.labels = labels
    }

    /// SHA-256 over the manifest as it is written: equal for equal data.
    public var digest: String {
        get throws(DatasetError) { Digest(of: try encoded()).description }
    }

    /// The shard and row of a record, by its number through all shards.
    public func place(of record: Int) -> (shard: Int, row: Int) {
        precondition(record >= 0 && record < count, "record \(record) of \(count)")
        var row = record
        for (index, shard) in shards.enumerated() {
            if row < shard.count { return (index, row) }
            row -= shard.count
        }
        preconditionFailure("the shards of '\(name)' do not add up to \(count)")
    }
}

extension DatasetManifest {
    private enum CodingKeys: String, CodingKey {
        case version, name, shards, count, image, classes, labels
    }

    /// Writes the image shape as a list of numbers.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(version, forKey: .version)
        try container.encode(name, forKey: .name)
        try container.encode(shards, forKey: .shards)
        try container.encode(count, forKey: .count)
        try container.encode(image.dimensions, forKey: .image)
        try container.encode(classes, forKey: .classes)
        try container.encode(labels, forKey: .labels)
    }

    /// Reads a manifest and refuses one that contradicts itself.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func refuse(_ key: CodingKeys, _ text: String) -> DecodingError {
            .dataCorruptedError(forKey: key, in: container, debugDescription: text)
        }
        version = try container.decode(Int.self, forKey: .version)
        guard version == DatasetManifest.formatVersion else {
            throw refuse(.version, "expected version \(DatasetManifest.formatVersion), found \(version)")
        }
        name = try container.decode(String.self, forKey: .name)
        shards = try container.decode([ShardInfo].self, forKey: .shards)
        guard !shards.isEmpty, shards.allSatisfy(\.isPlausible) else {
            throw refuse(.shards, "expected shards with a SHA-256 in hexadecimal, a count and a length")
        }
        count = try container.decode(Int.self, forKey: .count)
        guard shards.reduce(0, { $0 + $1.count }) == count else {
            throw refuse(.count, "the shards do not hold \(count) records in all")
        }
        let dimensions = try container.decode([Int].self, forKey: .image)
        guard dimensions.count == 3, dimensions.allSatisfy({ (1...16384).contains($0) }),
            [1, 3].contains(dimensions[2])
        else { throw refuse(.image, "expected [height, width, 1 or 3], found \(dimensions)") }
        image = Shape(dimensions)
        classes = try container.decode(Int.self, forKey: .classes)
        labels = try container.decode([String].self, forKey: .labels)
        guard (0...1 << 24).contains(classes), labels.isEmpty || labels.count == classes else {
            throw refuse(.classes, "expected as many names as classes, found \(labels.count) and \(classes)")
        }
    }

    /// Reads the bytes of a manifest; `path` is only named in errors.
    public static func decoded(_ bytes: [UInt8], path: String) throws(DatasetError) -> DatasetManifest {
        guard bytes.count <= maximumFileSize else {
            throw .manifest(path: path, reason: "expected at most \(maximumFileSize) bytes, found \(bytes.count)")
        }
        do {
            return try JSONDecoder().decode(DatasetManifest.self, from: Data(bytes))
        } catch let error as DecodingError {
            throw .manifest(path: path, reason: error.sentence)
        } catch {
            throw .manifest(path: path, reason: "it is not valid JSON")
        }
    }

    /// The manifest as JSON, with sorted keys: the same bytes for equal manifests.
    public func encoded() throws(DatasetError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        do {
            return [UInt8](try encoder.encode(self))
        } catch {
            throw .manifest(path: name, reason: "it cannot be written as JSON")
        }
    }
}

extension ShardInfo {
    // Counts that fit 2^40 keep every sum of a bounded manifest within Int.
    fileprivate var isPlausible: Bool {
        digest.isSHA256 && (1...1 << 40).contains(count) && (1...1 << 40).contains(bytes)
    }
}

extension String {
    /// Whether this is a SHA-256 in lower-case hexadecimal, and so also a harmless file name.
    var isSHA256: Bool {
        utf8.count == 64 && utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }
}

extension DecodingError {
    /// What was wrong, as a clause.
    fileprivate var sentence: String {
        switch self {
        case .keyNotFound(let key, _): "the key '\(key.stringValue)' is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            "the value of '\(context.codingPath.map(\.stringValue).joined(separator: "."))' has the wrong type"
        case .dataCorrupted(let context) where !context.codingPath.isEmpty: context.debugDescription
        default: "it is not valid JSON"
        }
    }
}
