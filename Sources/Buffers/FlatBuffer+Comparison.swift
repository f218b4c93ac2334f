import CKernels

extension FlatBuffer {
    /// The CRC-32C of the elements' bytes; buffers with the same bits have the same one.
    public var checksum: UInt32 { ck_crc32c(0, region.address, count * MemoryLayout<Float>.stride) }

    /// The largest magnitude of `self - other` over the elements; infinity if one of these differences is not a number.
    public func largestDifference(from other: FlatBuffer) -> Float {
        precondition(other.count == count, "\(other.count) elements against \(count)")
        return ck_largest_difference(region.floats, other.region.floats, count)
    }
}
