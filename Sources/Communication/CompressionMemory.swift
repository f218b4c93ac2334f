import Buffers
import Configs

extension Compression {
    /// Lets `body` fill the bytes that `values` take, as many as `maximumSize(of:)` says, and returns their number.
    func write(
        _ values: Span<Float>,
        into bytes: inout MutableRawSpan,
        _ body: (UnsafeBufferPointer<Float>, UnsafeMutableRawBufferPointer) -> Void
    ) -> Int {
        let size = maximumSize(of: values.count)
        precondition(bytes.byteCount >= size, "\(bytes.byteCount) bytes for \(size)")
        values.withUnsafeBufferPointer { source in
            bytes.withUnsafeMutableBytes { body(source, UnsafeMutableRawBufferPointer(rebasing: $0[..<size])) }
        }
        return size
    }

    /// Lets `body` fill the values from bytes that have been judged.
    func read(
        _ bytes: RawSpan,
        into values: inout MutableSpan<Float>,
        _ body: (UnsafeRawBufferPointer, UnsafeMutableBufferPointer<Float>) -> Void
    ) {
        bytes.withUnsafeBytes { source in values.withUnsafeMutableBufferPointer { body(source, $0) } }
    }

    /// Refuses a payload of another length than its values take.
    func checkSize(_ bytes: RawSpan, _ expected: Int) throws(CompressionError) {
        guard bytes.byteCount == expected else { throw .size(expected: expected, found: bytes.byteCount) }
    }
}

/// The scales of values in blocks: four bytes each, ahead of the codes.
struct BlockScales {
    /// The values that share a scale, in `8...65536`.
    let block: Int

    /// Refuses blocks too small to save anything, or too large for a part.
    func validate() throws(ConfigError) {
        guard (8...65_536).contains(block) else {
            throw .outOfRange("block", found: block, expected: "8 to 65536")
        }
    }

    /// The bytes of the scales of `count` values.
    func byteCount(of count: Int) -> Int { (count + block - 1) / block * 4 }

    /// The offset of the first scale that is no number, negative or above `limit`.
    static func firstInvalid(in bytes: Slice<UnsafeRawBufferPointer>, limit: Float) -> Int? {
        stride(from: bytes.startIndex, to: bytes.endIndex, by: 4).first { offset in
            let scale = Float(bitPattern: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
            return !(scale >= 0 && scale <= limit)
        }
    }
}
