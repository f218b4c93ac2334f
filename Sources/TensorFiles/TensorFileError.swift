import Glibc

/// Why a file could not be read or written.
public enum TensorFileError: Error, Sendable, Hashable {
    /// The system refused an operation; `code` is its `errno`.
    case system(FileStep, path: String, code: Int32)
    /// The path names no regular file.
    case notRegular(path: String)
    /// The file ends too early.
    case truncated(path: String, expected: Int, found: Int)
    /// The file declares more bytes than the caller allows or than it can hold.
    case tooLarge(path: String, bytes: UInt64, limit: UInt64)
    /// The safetensors header breaks the format; `offset` counts bytes of the file.
    case badHeader(path: String, offset: Int, fault: HeaderFault)
    /// The zstd frame is damaged; the library's own words.
    case badFrame(path: String, words: String)
    /// The file has no tensor of that name.
    case noTensor(path: String, name: String)
    /// The file's bytes are not those that were promised.
    case wrongDigest(path: String, expected: Digest, found: Digest)

    /// What is wrong with a safetensors header.
    public enum HeaderFault: Sendable, Hashable {
        /// The header's length does not fit the file or the format's limit.
        case length(UInt64, limit: Int)
        /// The text is not the JSON that the format prescribes.
        case syntax(expected: String)
        /// A tensor's description lacks a field or has one twice or one too many.
        case fields(tensor: String)
        /// A name stands twice.
        case duplicate(String)
        /// An element type that is not supported.
        case elementType(String, tensor: String)
        /// A shape whose size does not fit the tensor's bytes.
        case size(tensor: String, expected: Int, found: Int)
        /// Tensors overlap, leave a hole, or do not cover the data.
        case layout(tensor: String, expected: Int, found: Int)
        /// More axes or tensors than are supported.
        case count(String, limit: Int)
    }
}

extension TensorFileError: CustomStringConvertible {
    /// What was expected, what was found, and what to do, in one sentence.
    public var description: String {
        switch self {
        case .system(let step, let path, let code):
            "\(path): could not \(step.words): \(String(cString: strerror(code))) (error \(code)); \(Self.advice(code))"
        case .notRegular(let path):
            "\(path): expected a regular file, found something else; give the path of a file"
        case .truncated(let path, let expected, let found):
            "\(path): expected at least \(expected) bytes, found \(found); the file is cut off, fetch it again"
        case .tooLarge(let path, let bytes, let limit):
            "\(path): expected at most \(limit) bytes, found a claim of \(bytes); the file is not what it should be"
        case .badHeader(let path, let offset, let fault):
            "\(path): byte \(offset) of the safetensors header: \(fault); the file is damaged or not safetensors"
        case .badFrame(let path, let words):
            "\(path): expected one whole zstd frame, found damage (\(words)); fetch the file again"
        case .noTensor(let path, let name):
            "\(path): expected a tensor '\(name)', found none; the file belongs to something else"
        case .wrongDigest(let path, let expected, let found):
            "\(path): expected SHA-256 \(expected), found \(found); the file is damaged, fetch it again"
        }
    }

    private static func advice(_ code: Int32) -> String {
        switch code {
        case ENOENT: "check the path"
        case EACCES, EPERM, EROFS: "check the permissions"
        case ENOSPC, EDQUOT: "free some space"
        case EMFILE, ENFILE: "raise the limit of open files"
        default: "check the disk"
        }
    }
}

extension TensorFileError.HeaderFault: CustomStringConvertible {
    /// What was expected and found.
    public var description: String {
        switch self {
        case .length(let length, let limit): "expected a length of at most \(limit), found \(length)"
        case .syntax(let expected): "expected \(expected)"
        case .fields(let tensor): "expected dtype, shape and data_offsets once each for '\(tensor)'"
        case .duplicate(let name): "'\(name)' stands twice"
        case .elementType(let type, let tensor): "the element type '\(type)' of '\(tensor)' is not supported"
        case .size(let tensor, let expected, let found):
            "expected \(expected) bytes for the shape of '\(tensor)', found \(found)"
        case .layout(let tensor, let expected, let found):
            "expected '\(tensor)' at byte \(expected) of the data, found \(found)"
        case .count(let what, let limit): "expected at most \(limit) \(what), found more"
        }
    }
}
