import Glibc
import TensorFiles

/// Keeps a run directory for one process; the lock ends with the object, however the process ends.
public final class RunDirectoryLock {
    /// The file in the run directory that is locked; it names the process that holds it.
    public static let fileName = "run.lock"

    private let descriptor: Int32

    /// Locks a directory, which is made if it is missing, or says which process uses it.
    public init(directory: String) throws(CheckpointError) {
        try CheckpointError.wrapping { () throws(TensorFileError) in try Folder.create(directory) }
        let path = "\(directory)/\(Self.fileName)"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .file(.system(.open, path: path, code: errno)) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            let owner = Self.owner(descriptor)
            close(descriptor)
            throw code == EWOULDBLOCK
                ? .locked(path: directory, processID: owner) : .file(.system(.lock, path: path, code: code))
        }
        self.descriptor = descriptor
        let text = Array("\(getpid())\n".utf8)
        guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, text, text.count, 0) == text.count else {
            throw .file(.system(.write, path: path, code: errno))
        }
    }

    deinit {
        close(descriptor)
    }

    private static func owner(_ descriptor: Int32) -> Int32? {
        var text = [UInt8](repeating: 0, count: 16)
        let count = pread(descriptor, &text, text.count, 0)
        guard count > 0 else { return nil }
        return Int32(String(decoding: text[..<count].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
    }
}
