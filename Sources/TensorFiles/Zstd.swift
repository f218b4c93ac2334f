import Buffers
import CZstd
import Glibc

/// One zstd frame (RFC 8878) that states its content's size and carries a checksum.
public enum Zstd {
    /// The compression level that is used unless a caller asks for another.
    public static let defaultLevel = 3

    /// The most content a compressed byte can stand for: a run of 128 KiB takes four bytes.
    private static let maximumRatio: UInt64 = 32768

    /// Compresses bytes in memory.
    public static func compress(_ bytes: [UInt8], level: Int = defaultLevel) -> [UInt8] {
        var result: [UInt8] = []
        let stream = ZstdCompressor(size: bytes.count, level: level)
        bytes.withUnsafeBytes { buffer in
            stream.append(buffer) { result.append(contentsOf: $0) }
        }
        stream.finish { result.append(contentsOf: $0) }
        return result
    }

    /// Decompresses one whole frame of at most `limit` bytes of content; `name` stands in errors.
    public static func decompress(_ bytes: [UInt8], limit: Int, name: String) throws(TensorFileError) -> [UInt8] {
        var result: Result<Storage, TensorFileError> = .failure(.badFrame(path: name, words: "no bytes"))
        bytes.withUnsafeBytes { buffer in
            result = Result { () throws(TensorFileError) in
                try decompress(buffer, limit: limit, name: name)
            }
        }
        let storage = try result.get()
        return Array(UnsafeRawBufferPointer(start: storage.address, count: storage.byteCount))
    }

    /// Decompresses one whole frame into aligned memory.
    static func decompress(
        _ bytes: UnsafeRawBufferPointer,
        limit: Int,
        name: String
    ) throws(TensorFileError) -> Storage {
        let size = ZSTD_getFrameContentSize(bytes.baseAddress, bytes.count)
        guard ck_zstd_size_is_known(size) != 0 else {
            throw .badFrame(path: name, words: "no frame that states its size")
        }
        let possible = (UInt64(bytes.count) + 1).multipliedReportingOverflow(by: maximumRatio)
        let ceiling = min(UInt64(limit), possible.overflow ? .max : possible.partialValue)
        guard size <= ceiling else { throw .tooLarge(path: name, bytes: size, limit: ceiling) }
        let frame = ZSTD_findFrameCompressedSize(bytes.baseAddress, bytes.count)
        guard ZSTD_isError(frame) == 0, frame == bytes.count else {
            throw .badFrame(path: name, words: ZSTD_isError(frame) == 0 ? "bytes after the frame" : words(frame))
        }
        try requireMemory(Int(size), name)
        let storage = Storage(byteCount: Int(size))
        let written = ZSTD_decompress(storage.address, Int(size), bytes.baseAddress, bytes.count)
        guard ZSTD_isError(written) == 0, written == Int(size) else {
            throw .badFrame(path: name, words: ZSTD_isError(written) == 0 ? "content too short" : words(written))
        }
        return storage
    }

    /// Asks the system whether so much memory can be had at all, so that a large claim is an error and no trap.
    private static func requireMemory(_ byteCount: Int, _ name: String) throws(TensorFileError) {
        let count = max(1, byteCount)
        guard let memory = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            memory != MAP_FAILED
        else {
            throw .system(.map, path: name, code: errno)
        }
        munmap(memory, count)
    }

    private static func words(_ code: Int) -> String {
        String(cString: ZSTD_getErrorName(code))
    }
}
