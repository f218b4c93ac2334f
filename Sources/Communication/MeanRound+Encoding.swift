import Buffers
import CKernels
import NIOCore

extension MeanRound {
    /// A range of the values as bytes of a codec.
    func encode(_ range: Range<Int>, with compression: any Compression) -> ByteBuffer {
        // Rounding at random must differ between members and parts and be the same when an attempt is repeated.
        let index = UInt64(rank) << 32 | UInt64(range.lowerBound)
        var random = RandomStream(seed: group.round, purpose: .rounding, index: index)
        let size = compression.maximumSize(of: range.count)
        var payload = ByteBufferAllocator().buffer(capacity: size)
        payload.writeWithUnsafeMutableBytes(minimumWritableBytes: size) { target in
            values.withUnsafeBufferPointer { source in
                var bytes = target.mutableBytes
                return compression.encode(source.extracting(range).span, into: &bytes, using: &random)
            }
        }
        return payload
    }

    /// A frame of this attempt without values.
    func emptyFrame(_ kind: Frame.Kind) -> Frame {
        var frame = Frame(kind)
        frame.round = group.round
        frame.attempt = UInt16(group.attempt)
        frame.sender = UInt16(rank)
        return frame
    }
}

/// Reads a payload into a range of values; a reason if it is not usable.
func decode(
    _ payload: ByteBuffer,
    with compression: any Compression,
    into values: inout [Float],
    at range: Range<Int>
) -> String? {
    values.withUnsafeMutableBufferPointer { buffer -> String? in
        let target = UnsafeMutableBufferPointer(rebasing: buffer[range])
        do throws(CompressionError) {
            var span = target.mutableSpan
            try compression.decode(payload.readableBytesSpan, into: &span)
        } catch {
            return error.description
        }
        let isUsable = ck_is_within(target.baseAddress, target.count, largestReceivedValue)
        return isUsable ? nil : "a number is not finite or above 1e30"
    }
}

/// Whether all values may be contributed: finite and at most `largestValue` in magnitude.
func isUsable(_ values: UnsafeBufferPointer<Float>) -> Bool {
    ck_is_within(values.baseAddress, values.count, largestValue)
}

/// The largest magnitude of a value that a member may contribute; sums with all allowed weights stay finite in float32.
let largestValue: Float = 1e30

/// What rounding by a codec, twice, may make of the largest value.
let largestReceivedValue: Float = 1.1e30
