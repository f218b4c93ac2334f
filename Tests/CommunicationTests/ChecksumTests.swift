import Buffers
import CKernels
import NIOCore
import Testing

@testable import Communication

@Suite("Checksums")
struct ChecksumTests {
    @Test("are CRC-32C with its published check value")
    func checkValue() {
        let bytes = Array("123456789".utf8)
        #expect(ck_crc32c(0, bytes, bytes.count) == 0xE306_9283)
        #expect(checksum(Array(bytes.prefix(4)), ByteBuffer(bytes: bytes.suffix(5))) == 0xE306_9283)
        #expect(checksum([], ByteBuffer()) == 0)
    }

    @Test("are the same with and without the processor's instruction", arguments: 0..<70)
    func reference(count: Int) {
        var random = RandomStream(seed: UInt64(count), purpose: .order, index: 1)
        let bytes = (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        #expect(ck_crc32c(17, bytes, count) == ck_crc32c_plain(17, bytes, count))
    }

    @Test("of values are SHA-256 of their little-endian bytes")
    func digests() {
        #expect(digest(of: []) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        // The four bytes 00 00 80 3F.
        #expect(digest(of: [1]) == "e00e5eb9444182f352323374ef4e08ebcb784725fdd4fd612d7730540b3e0c8c")
    }
}
