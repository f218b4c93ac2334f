public import TensorFiles

/// Why a checkpoint could not be written, read or used.
public enum CheckpointError: Error, Sendable, Hashable {
    /// A file operation failed, or a tensor file is not sound.
    case file(TensorFileError)
    /// The folder has no manifest, so it is no finished checkpoint.
    case noManifest(path: String)
    /// The manifest is damaged; the decoder's own words.
    case badManifest(path: String, words: String)
    /// The checkpoint was written in a format this program does not know.
    case wrongVersion(path: String, found: Int, supported: Int)
    /// A file that the manifest lists is not there.
    case missingFile(path: String)
    /// A file has another size than the manifest says.
    case wrongSize(path: String, expected: Int, found: Int)
    /// A file has other bytes than the manifest says.
    case damaged(path: String, expected: Digest, found: Digest)
    /// A name that cannot be a checkpoint's file.
    case badName(path: String, name: String)
    /// The checkpoint holds no file of that name.
    case noFile(path: String, name: String)
    /// A value in a file does not have the form that was asked for; the decoder's own words.
    case badValue(path: String, words: String)
    /// The checkpoint belongs to another run, model or setting.
    case incompatible(path: String, what: String, expected: String, found: String)
    /// Several ranks' parts of something do not fit together.
    case badParts(path: String, name: String, words: String)
    /// One of the ranks that write a checkpoint together failed; its own words.
    case member(rank: Int, count: Int, words: String)
    /// Another process uses the run directory.
    case locked(path: String, processID: Int32?)
}

extension CheckpointError: CustomStringConvertible {
    /// What was expected, what was found, and what to do, in one sentence.
    public var description: String {
        switch self {
        case .file(let error):
            error.description
        case .noManifest(let path):
            "\(path): expected a manifest.json, found none; the folder is no finished checkpoint, use another"
        case .badManifest(let path, let words):
            "\(path): expected a checkpoint's manifest, found damage (\(words)); use another checkpoint"
        case .wrongVersion(let path, let found, let supported):
            "\(path): expected format version \(supported), found \(found); use a program of that version"
        case .missingFile(let path):
            "\(path): expected a file that the manifest lists, found none; use another checkpoint"
        case .wrongSize(let path, let expected, let found):
            "\(path): expected \(expected) bytes, found \(found); the file is "
                + "\(found < expected ? "truncated" : "too long"), use another checkpoint"
        case .damaged(let path, let expected, let found):
            "\(path): expected SHA-256 \(expected), found \(found); the file is damaged, use another checkpoint"
        case .badName(let path, let name):
            "\(path): expected a name of letters, digits, '.', '-' and '_', found '\(name.prefix(80))'; rename it"
        case .noFile(let path, let name):
            "\(path): expected a file '\(name)', found none; the checkpoint was written with other settings"
        case .badValue(let path, let words):
            "\(path): expected another kind of value (\(words)); the checkpoint was written by another program"
        case .incompatible(let path, let what, let expected, let found):
            "\(path): expected \(what) \(expected), found \(found); use a checkpoint of this run"
        case .badParts(let path, let name, let words):
            "\(path): expected parts of '\(name)' that cover it once, found \(words); use another checkpoint"
        case .member(let rank, let count, let words):
            "the checkpoint was not written because rank \(rank) of \(count) failed: \(words)"
        case .locked(let path, let processID):
            "\(path): expected a run directory that no other process uses, found it in use"
                + "\(processID.map { " by process \($0)" } ?? ""); stop that process or use another directory"
        }
    }
}

extension CheckpointError {
    /// Runs a file operation and wraps its error.
    static func wrapping<Value>(
        _ body: () throws(TensorFileError) -> Value
    ) throws(CheckpointError) -> Value {
        do throws(TensorFileError) {
            return try body()
        } catch {
            throw .file(error)
        }
    }
}
