public import Configs
public import Coordination

/// Why the coordinator cannot do something.
public enum CoordinatorError: Error, Sendable {
    /// The run file is wrong.
    case config(ConfigError)
    /// The run's rules refuse it.
    case coordination(CoordinationError)
    /// A folder to be made is there and not empty.
    case notEmpty(path: String)
    /// A folder is no run directory of a coordinator.
    case notARun(path: String)
    /// Another process serves the folder.
    case inUse(path: String)
    /// A file or folder cannot be read or written.
    case file(path: String, reason: String)
    /// The journal cannot be read or written.
    case journal(path: String, reason: String)
    /// A line of the journal does not fit the state that the lines before it give.
    case journalDisagrees(path: String, command: Int64, reason: String)
    /// A data source whose files cannot be handed to workers.
    case unservable(source: String)
    /// Bytes do not have the digest under which they were sent.
    case digestMismatch(expected: ContentDigest, found: ContentDigest)
    /// A body is longer than it may be.
    case tooLarge(limit: Int)
    /// A blob that is not there, or not of the size that was said.
    case missingBlob(ContentDigest)
    /// Uploaded files that are no sound checkpoint.
    case badCheckpoint(reason: String)
    /// No token or one that is not known.
    case unauthorized
    /// A body or parameter that cannot be read.
    case malformed(what: String)
    /// The address cannot be listened on.
    case cannotListen(address: String, reason: String)
    /// A token that is not in the list.
    case unknownToken(id: String)
}

extension CoordinatorError {
    /// True if what was typed is at fault, so that a program exits with code 2.
    public var isUsage: Bool {
        switch self {
        case .config, .notEmpty, .notARun, .unservable, .unknownToken: true
        default: false
        }
    }
}

extension CoordinatorError: CustomStringConvertible {
    /// One sentence: what was expected, what was found, what to do.
    public var description: String {
        switch self {
        case .config(let error): error.description
        case .coordination(let error): error.description
        case .notEmpty(let path): "The folder '\(path)' is not empty; name a new one for the run."
        case .notARun(let path):
            "The folder '\(path)' is no coordinator's run directory; make one with 'difftrain-coordinator init'."
        case .inUse(let path): "The run directory '\(path)' is in use by another process; stop that one first."
        case .file(let path, let reason): "The file '\(path)' cannot be used: \(reason)."
        case .journal(let path, let reason): "The journal '\(path)' cannot be used: \(reason)."
        case .journalDisagrees(let path, let command, let reason):
            "The journal '\(path)' was changed by hand or by another version: command \(command) does not apply (\(reason))."
        case .unservable(let source):
            "The data source '\(source)' cannot be served to workers; make shards of it with 'difftrain shards build' first."
        case .digestMismatch(let expected, let found):
            "The bytes were sent under \(expected.rawValue.prefix(12)) and have \(found.rawValue.prefix(12)); send them again."
        case .tooLarge(let limit): "The body is longer than \(limit) bytes."
        case .missingBlob(let digest):
            "The blob \(digest.rawValue.prefix(12)) is not here in the size that was said; upload it first."
        case .badCheckpoint(let reason): "The files are no sound checkpoint: \(reason)."
        case .unauthorized: "The token is missing or not known; ask the run's owner for one."
        case .malformed(let what): "The \(what) cannot be read; see docs/protocol.md."
        case .cannotListen(let address, let reason): "The address \(address) cannot be listened on: \(reason)."
        case .unknownToken(let id):
            "There is no token '\(id)'; 'difftrain-coordinator token list' shows those there are."
        }
    }
}
