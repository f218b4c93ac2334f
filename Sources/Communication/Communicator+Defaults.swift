public import Buffers

// What any group can do with means and broadcasts alone; a group that knows a shorter way has its own.
extension Communicator {
    /// A mean that starts when everything was delivered.
    public func openMean(
        of buffer: FlatBuffer,
        weight: Float,
        round: UInt64
    ) throws(CommunicationError) -> any OpenMean {
        WholeMean(self, buffer, weight: weight, round: round)
    }

    /// The mean of everything.
    public func scatterMean(
        of buffer: FlatBuffer,
        weight: Float,
        round: UInt64,
        parts: [Range<Int>]
    ) throws(CommunicationError) -> MeanReport {
        try mean(of: buffer, weight: weight, round: round)
    }

    /// One broadcast after another.
    public func gather(_ buffer: FlatBuffer, parts: [Range<Int>]) throws(CommunicationError) {
        precondition(parts.count == size, "\(parts.count) parts for \(size) members")
        for (root, part) in parts.enumerated() where !part.isEmpty {
            let piece = FlatBuffer(count: part.count)
            if root == rank { piece.copy(from: buffer.view(part, shape: [part.count])) }
            try broadcast(piece, from: root)
            if root != rank { buffer.copy(from: piece.view(0..<part.count, shape: [part.count]), at: part.lowerBound) }
        }
    }

    /// Adds up what every member broadcasts.
    public func sum(_ values: [Double]) throws(CommunicationError) -> [Double] {
        var sums = [Double](repeating: 0, count: values.count)
        for root in 0..<size {
            let bytes = try broadcast(values.flatMap { $0.bitPattern.littleEndianBytes }, from: root)
            guard bytes.count == values.count * 8 else {
                throw .countMismatch(expected: values.count, found: bytes.count / 8)
            }
            for index in sums.indices {
                sums[index] += Double(bitPattern: UInt64(littleEndianBytes: bytes[index * 8..<index * 8 + 8]))
            }
        }
        return sums
    }

    /// Ordinary memory.
    public func makeBuffer(count: Int) -> FlatBuffer { FlatBuffer(count: count) }

    /// Nothing: there is one way.
    public func chooseExchange(count: Int) throws(CommunicationError) -> ExchangeChoice? { nil }

    /// Parts of a buffer, one a member, of nearly equal size; they start at whole cache lines.
    public func evenParts(of count: Int) -> [Range<Int>] {
        let line = 16
        let lines = (count + line - 1) / line
        return (0..<size).map { rank in
            min(count, lines * rank / size * line)..<min(count, lines * (rank + 1) / size * line)
        }
    }
}

/// A mean that waits for all values before it starts.
private final class WholeMean: OpenMean {
    private let communicator: any Communicator
    private let buffer: FlatBuffer
    private let weight: Float
    private let round: UInt64

    init(_ communicator: any Communicator, _ buffer: FlatBuffer, weight: Float, round: UInt64) {
        self.communicator = communicator
        self.buffer = buffer
        self.weight = weight
        self.round = round
    }

    func deliver(_ range: Range<Int>) {}

    func wait() throws(CommunicationError) -> MeanReport {
        try communicator.mean(of: buffer, weight: weight, round: round)
    }
}

extension UInt64 {
    fileprivate var littleEndianBytes: [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: self >> ($0 * 8)) } }

    fileprivate init(littleEndianBytes bytes: ArraySlice<UInt8>) {
        self = bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
