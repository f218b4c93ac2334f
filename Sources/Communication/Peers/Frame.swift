public import NIOCore

/// One message between two members: a header of 32 bytes and a payload of at most 4 MiB.
///
/// | Bytes | Field |
/// |---|---|
/// | 0-1 | magic `D1 F7`; no HTTP request and no TLS record begins with it |
/// | 2 | version |
/// | 3 | kind |
/// | 4 | codec of the payload |
/// | 5-7 | length of the payload in bytes |
/// | 8-15 | round |
/// | 16-17 | attempt |
/// | 18-19 | rank of the sender |
/// | 20-23 | first value |
/// | 24-27 | count of values |
/// | 28-31 | CRC-32C of bytes 0-27 and the payload |
///
/// All numbers are little-endian.
public struct Frame: Sendable, Equatable {
    /// What a frame says.
    public enum Kind: UInt8, Sendable, CaseIterable {
        /// The listening side's random number; the first frame of a connection.
        case challenge = 1
        /// The dialling side's proof that it holds the key of an attempt.
        case hello = 2
        /// The listening side's proof.
        case welcome = 3
        /// A member's values of one part, for the member that reduces it.
        case contribution = 4
        /// The mean of one part, from the member that reduced it.
        case mean = 5
        /// The sender is alive and waits.
        case ping = 6
        /// The sender gave the attempt up; the payload names the ranks that it lost, two bytes each.
        case abort = 7
    }

    /// What the frame says.
    public var kind: Kind
    /// The codec of the payload's values; 0 if it holds none.
    public var codec: UInt8 = 0
    /// The number of the round.
    public var round: UInt64 = 0
    /// The number of the attempt.
    public var attempt: UInt16 = 0
    /// The rank of the member that sends it.
    public var sender: UInt16 = 0
    /// The first value that the payload stands for.
    public var start: UInt32 = 0
    /// The number of values that the payload stands for.
    public var count: UInt32 = 0
    /// The bytes after the header.
    public var payload = ByteBuffer()

    /// The bytes of a header.
    public static let headerSize = 32
    /// The largest payload in bytes.
    public static let largestPayload = 4 << 20
    /// The version of the format.
    public static let version: UInt8 = 1

    static let magic: [UInt8] = [0xD1, 0xF7]

    /// A frame of a kind; all other fields are 0.
    public init(_ kind: Kind) {
        self.kind = kind
    }

    /// The values that the payload stands for.
    public var range: Range<Int> { Int(start)..<(Int(start) + Int(count)) }

    /// The bytes of header and payload.
    public var size: Int { Self.headerSize + payload.readableBytes }
}

extension Frame {
    /// The 32 bytes before the payload.
    var header: [UInt8] {
        var bytes = fields
        append(checksum(bytes, payload), bytes: 4, to: &bytes)
        return bytes
    }

    /// The header without its checksum.
    var fields: [UInt8] {
        var bytes = Self.magic
        bytes.reserveCapacity(Self.headerSize)
        bytes += [Self.version, kind.rawValue, codec]
        append(UInt32(payload.readableBytes), bytes: 3, to: &bytes)
        append(round, bytes: 8, to: &bytes)
        append(attempt, bytes: 2, to: &bytes)
        append(sender, bytes: 2, to: &bytes)
        append(start, bytes: 4, to: &bytes)
        append(count, bytes: 4, to: &bytes)
        return bytes
    }

    /// Header and payload in one buffer.
    public var bytes: ByteBuffer {
        var buffer = ByteBuffer(bytes: header)
        buffer.writeImmutableBuffer(payload)
        return buffer
    }
}

private func append(_ number: some FixedWidthInteger, bytes count: Int, to bytes: inout [UInt8]) {
    for index in 0..<count { bytes.append(UInt8(truncatingIfNeeded: number >> (8 * index))) }
}
