public import Buffers
public import TensorFiles

/// The digest of a model's state as a Merkle tree over chunks of 1 MiB, so that parts can be checked alone.
///
/// A leaf is SHA-256 of a zero byte and the chunk, a node SHA-256 of a one byte and its two children; a node without
/// a partner moves up unchanged. Source: RFC 6962, section 2.1.
public struct StateDigest: Hashable, Sendable, Codable {
    /// The bytes of a chunk; the last may have fewer.
    public static let chunkByteCount = 1 << 20

    /// The bytes of the whole state.
    public let byteCount: Int
    /// The digests of the chunks in order; one for an empty state.
    public let leaves: [Digest]
    /// The digest of the whole.
    public let root: Digest

    /// The digest of a buffer's float32 bits; the buffer is not written meanwhile.
    public init(of buffer: FlatBuffer) {
        self = buffer.withFloats { StateDigest(of: UnsafeRawBufferPointer($0)) }
    }

    /// The digest of a tensor's bytes.
    public init(of data: TensorData) {
        self = data.withUnsafeBytes { StateDigest(of: $0) }
    }

    /// The digest of bytes in memory.
    public init(of bytes: UnsafeRawBufferPointer) {
        let starts = stride(from: 0, to: max(1, bytes.count), by: Self.chunkByteCount)
        leaves = starts.map { start in
            let end = min(bytes.count, start + Self.chunkByteCount)
            return Self.leaf(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
        }
        byteCount = bytes.count
        root = Self.root(of: leaves)
    }

    /// Whether a chunk is the one that stands at an index.
    public func accepts(_ chunk: UnsafeRawBufferPointer, at index: Int) -> Bool {
        leaves.indices.contains(index) && chunk.count == range(of: index).count && Self.leaf(chunk) == leaves[index]
    }

    /// The bytes that a chunk covers; the index must be that of a leaf.
    public func range(of index: Int) -> Range<Int> {
        precondition(leaves.indices.contains(index), "chunk \(index) of \(leaves.count)")
        let start = index * Self.chunkByteCount
        return start..<min(byteCount, start + Self.chunkByteCount)
    }

    /// Whether the size, the leaves and the root belong together; a digest from outside is checked with this first.
    public var isConsistent: Bool {
        let whole = byteCount / Self.chunkByteCount
        let expected = max(1, whole + (byteCount.isMultiple(of: Self.chunkByteCount) ? 0 : 1))
        return byteCount >= 0 && leaves.count == expected && Self.root(of: leaves) == root
    }

    private static func leaf(_ chunk: UnsafeRawBufferPointer) -> Digest {
        var digester = Digester()
        withUnsafeBytes(of: UInt8(0)) { digester.update($0) }
        digester.update(chunk)
        return digester.finish()
    }

    private static func root(of leaves: [Digest]) -> Digest {
        var level = leaves.isEmpty ? [Digest(of: [])] : leaves
        while level.count > 1 {
            level = stride(from: 0, to: level.count, by: 2).map { index in
                index + 1 < level.count ? Digest(of: [1] + level[index].bytes + level[index + 1].bytes) : level[index]
            }
        }
        return level[0]
    }
}
