public import NIOCore

/// Why bytes are not frames; the connection that sent them is of no further use.
public enum FrameError: Error, Sendable, Equatable {
    /// The first bytes are not those of a frame.
    case magic(UInt16)
    /// Another version of the format.
    case version(UInt8)
    /// A kind of frame that does not exist.
    case kind(UInt8)
    /// A payload above the limit.
    case length(Int, limit: Int)
    /// The bytes changed on the way.
    case checksum
}

extension FrameError: CustomStringConvertible {
    /// One sentence: what was expected and what was found.
    public var description: String {
        switch self {
        case .magic(let found):
            "a frame begins with D1F7, not with \(String(found, radix: 16, uppercase: true)); the other side is no difftrain worker"
        case .version(let found):
            "frames of version \(Frame.version) are understood, not \(found); bring both workers to the same version"
        case .kind(let found): "there is no frame of kind \(found); the sender is faulty"
        case .length(let found, let limit): "a payload may have \(limit) bytes here, not \(found); the sender is faulty"
        case .checksum: "a frame does not match its checksum; the link or the sender is faulty"
        }
    }
}

/// Cuts a stream of bytes into frames.
///
/// The header is checked before a byte of the payload is stored, so a stranger makes it hold no more than `largestPayload`.
public struct FrameDecoder: Sendable {
    /// The largest payload that is accepted next; small until the other side has proven who it is.
    public var largestPayload: Int

    private var header: [UInt8] = []
    private var pending: PendingFrame?

    private struct PendingFrame {
        var frame: Frame
        var missing: Int
        var checksum: UInt32
    }

    /// A decoder at the beginning of a stream.
    public init(largestPayload: Int = Frame.largestPayload) {
        self.largestPayload = largestPayload
        header.reserveCapacity(Frame.headerSize)
    }

    /// The next whole frame of the stream, or nil once `bytes` are used up; after an error nothing more can be read.
    public mutating func next(from bytes: inout ByteBuffer) throws(FrameError) -> Frame? {
        if pending == nil {
            let missing = min(Frame.headerSize - header.count, bytes.readableBytes)
            header.append(contentsOf: bytes.readBytes(length: missing) ?? [])
            guard header.count == Frame.headerSize else { return nil }
            pending = try parse(header)
            header.removeAll(keepingCapacity: true)
        }
        guard var current = pending else { return nil }
        pending = nil
        let taken = min(current.missing, bytes.readableBytes)
        if var slice = bytes.readSlice(length: taken) {
            current.frame.payload.writeBuffer(&slice)
            current.missing -= taken
        }
        guard current.missing == 0 else {
            pending = current
            return nil
        }
        guard checksum(current.frame.fields, current.frame.payload) == current.checksum else { throw .checksum }
        return current.frame
    }

    private func parse(_ bytes: [UInt8]) throws(FrameError) -> PendingFrame {
        func number(_ range: Range<Int>) -> UInt64 {
            range.reversed().reduce(0) { $0 << 8 | UInt64(bytes[$1]) }
        }
        guard Array(bytes[0..<2]) == Frame.magic else { throw .magic(UInt16(bytes[0]) << 8 | UInt16(bytes[1])) }
        guard bytes[2] == Frame.version else { throw .version(bytes[2]) }
        guard let kind = Frame.Kind(rawValue: bytes[3]) else { throw .kind(bytes[3]) }
        let length = Int(number(5..<8))
        guard length <= largestPayload else { throw .length(length, limit: largestPayload) }
        var frame = Frame(kind)
        frame.codec = bytes[4]
        frame.round = number(8..<16)
        frame.attempt = UInt16(number(16..<18))
        frame.sender = UInt16(number(18..<20))
        frame.start = UInt32(number(20..<24))
        frame.count = UInt32(number(24..<28))
        frame.payload = ByteBufferAllocator().buffer(capacity: length)
        return PendingFrame(frame: frame, missing: length, checksum: UInt32(number(28..<32)))
    }
}
