import Glibc

/// A file that appears under its name whole or not at all.
///
/// Bytes go to a temporary name in the same folder; ``commit()`` forces them to the disk, renames, and forces the
/// folder. A value that is dropped without `commit` removes what it wrote. One thread uses it.
public final class AtomicFile {
    /// The final path.
    public let path: String
    private let temporaryPath: String
    private let file: OpenFile
    private var isCommitted = false

    /// Begins a file that will replace whatever stands at the path.
    public init(replacing path: String) throws(TensorFileError) {
        self.path = path
        temporaryPath = "\(path).\(String(UInt64.random(in: .min ... .max), radix: 36)).partial"
        file = try OpenFile(creating: temporaryPath)
    }

    deinit {
        if !isCommitted {
            unlink(temporaryPath)
        }
    }

    /// Appends bytes.
    public func append(_ bytes: UnsafeRawBufferPointer) throws(TensorFileError) {
        try file.write(bytes)
    }

    /// Gives the file its name; the file is on the disk when this returns.
    public func commit() throws(TensorFileError) {
        precondition(!isCommitted, "\(path) was committed twice")
        try file.synchronize()
        try SystemCall.run(.rename, path) { Int(rename(temporaryPath, path)) }
        isCommitted = true
        try Folder.synchronize(Folder.parent(of: path))
    }

    /// Writes a whole file.
    public static func write(_ bytes: [UInt8], to path: String) throws(TensorFileError) {
        let file = try AtomicFile(replacing: path)
        var failure: TensorFileError?
        bytes.withUnsafeBytes { buffer in
            do throws(TensorFileError) {
                try file.append(buffer)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        try file.commit()
    }
}
