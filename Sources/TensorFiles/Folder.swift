import Glibc

/// Operations on folders that survive a power cut.
public enum Folder {
    /// The folder that holds a path.
    public static func parent(of path: String) -> String {
        var trimmed = path[...]
        while trimmed.count > 1, trimmed.last == "/" {
            trimmed = trimmed.dropLast()
        }
        guard let slash = trimmed.lastIndex(of: "/") else { return "." }
        return slash == trimmed.startIndex ? "/" : String(trimmed[..<slash])
    }

    /// Makes a folder and those above it that are missing.
    public static func create(_ path: String) throws(TensorFileError) {
        if isFolder(path) {
            return
        }
        let above = parent(of: path)
        if above != path {
            try create(above)
        }
        do throws(TensorFileError) {
            try SystemCall.run(.makeFolder, path) { Int(mkdir(path, 0o755)) }
        } catch .system(_, _, EEXIST) where isFolder(path) {
            return
        } catch {
            throw error
        }
    }

    /// Forces the names in a folder to the disk.
    public static func synchronize(_ path: String) throws(TensorFileError) {
        let descriptor = try SystemCall.run(.open, path) { Int(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) }
        defer { close(Int32(descriptor)) }
        try SystemCall.run(.synchronizeFolder, path) { Int(fsync(Int32(descriptor))) }
    }

    /// Gives a folder or file another name on the same disk; a file that stands there is replaced, a folder is not.
    public static func rename(_ path: String, to newPath: String) throws(TensorFileError) {
        try SystemCall.run(.rename, newPath) { Int(Glibc.rename(path, newPath)) }
    }

    /// The size of a regular file in bytes.
    public static func byteCount(_ path: String) throws(TensorFileError) -> Int {
        try OpenFile(reading: path).size()
    }

    /// The names in a folder, sorted, without `.` and `..`.
    public static func names(_ path: String) throws(TensorFileError) -> [String] {
        var stream: OpaquePointer?
        try SystemCall.run(.list, path) {
            stream = opendir(path)
            return stream == nil ? -1 : 0
        }
        guard let stream else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                tuple.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: tuple.pointee)) {
                    String(cString: $0)
                }
            }
            if name != ".", name != ".." {
                names.append(name)
            }
        }
        return names.sorted()
    }

    /// Removes a file, or a folder with all it holds.
    ///
    /// Links are removed, not followed. A missing path is no error.
    public static func remove(_ path: String) throws(TensorFileError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        if status.st_mode & S_IFMT == S_IFDIR {
            for name in try names(path) {
                try remove("\(path)/\(name)")
            }
            try SystemCall.run(.remove, path) { Int(rmdir(path)) }
        } else {
            try SystemCall.run(.remove, path) { Int(unlink(path)) }
        }
    }

    /// Whether a path names a folder.
    public static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Whether a path names anything.
    public static func exists(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0
    }
}
