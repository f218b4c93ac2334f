import Glibc

/// A file descriptor that is closed with the value.
final class OpenFile {
    let path: String
    private let descriptor: Int32

    /// Opens a file to read.
    init(reading path: String) throws(TensorFileError) {
        self.path = path
        descriptor = Int32(try SystemCall.run(.open, path) { Int(open(path, O_RDONLY | O_CLOEXEC)) })
    }

    /// Makes a file that does not exist yet.
    init(creating path: String) throws(TensorFileError) {
        self.path = path
        descriptor = Int32(
            try SystemCall.run(.create, path) { Int(open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)) }
        )
    }

    deinit {
        close(descriptor)
    }

    /// The size in bytes; anything but a regular file is refused.
    func size() throws(TensorFileError) -> Int {
        var status = stat()
        try SystemCall.run(.open, path) { Int(fstat(descriptor, &status)) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notRegular(path: path) }
        return Int(status.st_size)
    }

    /// Reads into a buffer and returns how many bytes came; 0 at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(TensorFileError) -> Int {
        try SystemCall.run(.read, path) { Glibc.read(descriptor, buffer.baseAddress, buffer.count) }
    }

    /// Writes all bytes.
    func write(_ bytes: UnsafeRawBufferPointer) throws(TensorFileError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = UnsafeRawBufferPointer(rebasing: rest)
            let count = try SystemCall.run(.write, path) { Glibc.write(descriptor, part.baseAddress, part.count) }
            rest = rest.dropFirst(count)
        }
    }

    /// Forces the contents to the disk.
    func synchronize() throws(TensorFileError) {
        try SystemCall.run(.synchronize, path) { Int(fsync(descriptor)) }
    }

    /// Maps the whole file to read; `count` is its size and more than 0.
    func map(count: Int) throws(TensorFileError) -> UnsafeRawBufferPointer {
        var address: UnsafeMutableRawPointer?
        try SystemCall.run(.map, path) {
            address = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0)
            return address == MAP_FAILED ? -1 : 0
        }
        return UnsafeRawBufferPointer(start: address, count: count)
    }
}
