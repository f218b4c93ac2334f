import CKernels
import Crypto
import NIOCore

/// The CRC-32C of a header without its last four bytes, followed by the payload.
func checksum(_ header: [UInt8], _ payload: ByteBuffer) -> UInt32 {
    let start = ck_crc32c(0, header, header.count)
    return payload.withUnsafeReadableBytes { ck_crc32c(start, $0.baseAddress, $0.count) }
}

/// The SHA-256 of values as little-endian float32 bytes, in lower-case hexadecimal.
func digest(of values: [Float]) -> String {
    // All supported machines are little-endian, so the bytes in memory are the bytes of the format.
    let digest = values.withUnsafeBytes { bytes in
        var hash = SHA256()
        hash.update(bufferPointer: bytes)
        return hash.finalize()
    }
    return digest.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
}
