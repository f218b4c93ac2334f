public import Configs
public import TensorFiles

/// What is wrong with an image's bytes.
public enum ImageFault: Error, Sendable, Hashable {
    /// The first bytes are not those of a PNG, JPEG or WebP file.
    case unknownFormat
    /// The bytes end before the image does.
    case truncated
    /// The bytes contradict the format, or the size that the header states.
    case corrupt
    /// A side above 16,384 pixels, more than 2^26 pixels, or a file above 64 MiB.
    case tooLarge
    /// A variant that is not read: CMYK or an animation.
    case unsupported
    /// The memory that decoding needs is not there.
    case outOfMemory
}

/// What is wrong with a shard whose file could be read.
public enum ShardFault: Sendable, Hashable {
    /// A tensor that a shard must have is missing.
    case missing(tensor: String)
    /// A tensor has another type or shape than a shard's.
    case wrongTensor(String, expected: String, found: String)
    /// The offsets of encoded images do not rise from 0 to the number of bytes.
    case badOffset(row: Int)
    /// A label that is no class of the data.
    case badLabel(row: Int, label: Int64, classes: Int)
    /// The file says something that its manifest does not.
    case disagrees(what: String, expected: String, found: String)
}

/// Why training data could not be read or written.
public enum DatasetError: Error, Sendable {
    /// A path that should be a directory is none.
    case notADirectory(path: String)
    /// A path that the configuration leaves empty.
    case missingPath(source: String)
    /// A file or directory that the system does not let us read.
    case unreadable(path: String, reason: String)
    /// A directory without any image.
    case noImages(path: String)
    /// Images beside folders of images: some would have a label and others none.
    case mixedFolder(path: String, image: String)
    /// An image that cannot be used; `name` is its file, or shard and row.
    case image(name: String, ImageFault)
    /// A manifest that is not one of ours.
    case manifest(path: String, reason: String)
    /// A shard with the wrong content.
    case shard(name: String, ShardFault)
    /// Bytes that are not those that the digest names.
    case digest(name: String, expected: String, found: String)
    /// A shard that is not in the local cache.
    case notCached(digest: String)
    /// A cache that is smaller than what it must hold.
    case cacheTooSmall(capacity: UInt64, needed: UInt64)
    /// An error of the file formats below.
    case file(TensorFileError)
    /// An error of the settings.
    case config(ConfigError)
    /// A loader that was closed while somebody waited for a batch.
    case closed
}

extension ImageFault: CustomStringConvertible {
    /// What was expected and found, as a clause.
    public var description: String {
        switch self {
        case .unknownFormat: "expected a PNG, JPEG or WebP file, found other bytes"
        case .truncated: "the file ends before the image does; copy it again"
        case .corrupt: "its bytes contradict the format or the size in its header; replace the file"
        case .tooLarge: "expected at most 16384 pixels a side, 2^26 pixels and 64 MiB; make it smaller"
        case .unsupported: "CMYK images and animations are not read; convert it to RGB"
        case .outOfMemory: "there is not enough memory to decode it"
        }
    }
}

extension ShardFault: CustomStringConvertible {
    /// What was expected and found, as a clause.
    public var description: String {
        switch self {
        case .missing(let tensor):
            "expected a tensor '\(tensor)', found none"
        case .wrongTensor(let tensor, let expected, let found):
            "expected '\(tensor)' to be \(expected), found \(found)"
        case .badOffset(let row):
            "the offset of record \(row) lies outside the shard or before the one ahead of it"
        case .badLabel(let row, let label, let classes):
            "expected labels below \(classes), found \(label) at record \(row)"
        case .disagrees(let what, let expected, let found):
            "the manifest gives \(what) as \(expected), the shard as \(found)"
        }
    }
}

extension DatasetError: CustomStringConvertible {
    /// One sentence: what was expected, what was found, what to do.
    public var description: String {
        switch self {
        case .notADirectory(let path): "expected a directory at '\(path)', found none; correct the path of the data"
        case .missingPath(let source): "the data source '\(source)' needs a path; set data.path"
        case .unreadable(let path, let reason): "cannot read '\(path)': \(reason)"
        case .noImages(let path): "expected PNG, JPEG or WebP files under '\(path)', found none"
        case .mixedFolder(let path, let image):
            "'\(path)' holds folders, whose names are labels, and the image '\(image)' beside them; move it into one"
        case .image(let name, let fault): "image '\(name)': \(fault)"
        case .manifest(let path, let reason): "'\(path)' is not a manifest of shards: \(reason)"
        case .shard(let name, let fault): "shard '\(name)': \(fault); build it again"
        case .digest(let name, let expected, let found):
            "expected the SHA-256 of '\(name)' to be \(expected), found \(found); fetch or build it again"
        case .notCached(let digest): "the shard \(digest) is not in the cache; fetch it first"
        case .cacheTooSmall(let capacity, let needed):
            "the shard cache may hold \(capacity) bytes but needs \(needed); give it more"
        case .file(let error): "\(error)"
        case .config(let error): "\(error)"
        case .closed: "the reader of the data was closed while a batch was awaited"
        }
    }
}
