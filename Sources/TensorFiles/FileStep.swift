import Glibc

/// One kind of system call on files, named in errors and in injected faults.
public enum FileStep: String, Sendable, Hashable, CaseIterable {
    /// Open an existing file or folder.
    case open
    /// Read from a file.
    case read
    /// Map a file into memory.
    case map
    /// Make a new file.
    case create
    /// Append to a file.
    case write
    /// Force a file to the disk.
    case synchronize
    /// Give a file or folder its final name.
    case rename
    /// Force a folder's names to the disk.
    case synchronizeFolder
    /// Make a folder.
    case makeFolder
    /// List a folder.
    case list
    /// Remove a file or folder.
    case remove
    /// Lock a file.
    case lock

    var words: String {
        switch self {
        case .synchronize: "force the file to the disk"
        case .synchronizeFolder: "force the folder to the disk"
        case .makeFolder: "make the folder"
        case .map: "map the file into memory"
        default: "\(rawValue) it"
        }
    }
}

/// Where a test makes file operations fail.
public enum FileFaults {
    /// Asked before every step with the path; returns 0 to go on, or the `errno` with which the step fails.
    @TaskLocal public static var check: (@Sendable (FileStep, String) -> Int32)?
}

/// Calls the system with injected faults, retries after signals, and typed errors.
enum SystemCall {
    /// The result of the call, which is at least 0.
    @discardableResult
    static func run(_ step: FileStep, _ path: String, _ call: () -> Int) throws(TensorFileError) -> Int {
        if let fault = FileFaults.check?(step, path), fault != 0 {
            throw .system(step, path: path, code: fault)
        }
        while true {
            let result = call()
            if result >= 0 {
                return result
            }
            let code = errno
            if code != EINTR {
                throw .system(step, path: path, code: code)
            }
        }
    }
}
