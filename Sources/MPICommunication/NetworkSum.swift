import CKernels
import Communication

/// A sum over some ranks by messages between them, as a state machine: `start`, then `advance` until it says that the sum is there.
///
/// Every member owns some pieces of the values (`PieceMap`): it receives the others' values of them, adds them up in a fixed order and
/// sends the sums to all. Each value crosses the network `2 (n - 1) / n` times each way, as in a ring, but in two hops, and pieces follow
/// each other so that adding, encoding and both directions of every link are busy at once.
///
/// The order of sums is that of `groups`: the members of a group from its first on, then the sums of the groups from the first group on.
/// So the bits depend on the values alone, not on the ranges in which a buffer is exchanged. With a lossy codec the owner's values are
/// added as they are, the others' as decoded; the sum is encoded once, and the owner too keeps what the others decode: all members end
/// with the same bits.
///
/// Used on the thread that makes all MPI calls, and started again once it is finished. Sums with different tags may be under way at once.
/// After an error the values are undefined, and the object and the values must live as long as the transport.
final class NetworkSum {
    /// How many messages were finished since the start, by which a caller sees that something moves.
    private(set) var finishedMessages = 0
    /// Bytes sent since the start.
    private(set) var bytesSent: UInt64 = 0
    /// Bytes received since the start.
    private(set) var bytesReceived: UInt64 = 0

    private let members: Int
    private let own: Int
    private let order: [Int]
    private let groupSizes: [Int]
    private let transport: any MessagePassing
    private let window: Int
    private var codec: PieceCodec?
    private var links: [NetworkLink] = []
    private let ranks: [Int]

    private var values = UnsafeMutableBufferPointer<Float>(start: nil, count: 0)
    private var position = 0
    private var tag: Int32 = 0
    private var pieces = PieceMap(range: 0..<0, total: 0, members: 1)
    private var reduced = 0
    private var slotFloats = 0
    private var incoming = MessageSlots(count: 0, bytes: 0)
    private var encoded: EncodedSlots?

    /// The largest tag of a sum; every sum uses two tags of the transport, of which MPI promises 32768.
    static let largestTag: Int32 = 16_383

    /// A sum over `members` (ranks in an order that is the same on all of them), of which this one is at the place `own`.
    ///
    /// `groups` holds places in `members`, each exactly once; without it every member is a group of its own.
    init(
        members: [Int],
        own: Int,
        groups: [[Int]]? = nil,
        compression: any Compression,
        transport: any MessagePassing
    ) {
        let groups = groups ?? members.indices.map { [$0] }
        let order = groups.flatMap { $0 }
        precondition(members.indices.contains(own), "place \(own) of \(members.count)")
        precondition(order.sorted() == Array(members.indices), "groups \(groups) of \(members.count) members")
        precondition(groups.allSatisfy { !$0.isEmpty }, "an empty group in \(groups)")
        self.members = members.count
        self.own = own
        self.order = order
        self.transport = transport
        ranks = members
        groupSizes = groups.map(\.count)
        codec = PieceCodec(compression)
        // What is under way must cover the time between two calls of `advance`; many members have enough under way together.
        window = members.count <= 5 ? 4 : 2
    }

    /// Begins to sum `values`, which belong to the sum until `advance` has returned true.
    ///
    /// All members bring equally many. The tag, in `0...largestTag`, tells sums apart that are under way at once. Where the values are part
    /// of a larger buffer, `position` and `total` say where in how many values; `round` chooses the random numbers of the codec.
    func start(
        values: UnsafeMutableBufferPointer<Float>,
        tag: Int32,
        position: Int = 0,
        total: Int? = nil,
        round: UInt64 = 0
    ) {
        precondition((0...Self.largestTag).contains(tag), "tag \(tag)")
        self.values = values
        self.position = position
        self.tag = 2 * tag
        codec?.round = round
        let range = position..<position + values.count
        pieces = PieceMap(range: range, total: total ?? range.upperBound, members: members)
        reduced = 0
        (finishedMessages, bytesSent, bytesReceived) = (0, 0, 0)
        // Beginning with the next member keeps all from sending to the first one at once.
        links = (1..<max(1, members)).map {
            let member = (own + $0) % members
            return NetworkLink(member: member, rank: ranks[member], window: window)
        }
        if !values.isEmpty, !links.isEmpty { reserve() }
    }

    /// Does what can be done now without waiting; true once the sum over the members is in the values, with the same bits on all of them.
    func advance() throws(CommunicationError) -> Bool {
        guard members > 1, !values.isEmpty else { return true }
        for index in links.indices {
            try receiveContributions(&links[index], slots: index * window)
            try sendContributions(&links[index], slots: index * window)
            try receiveSums(&links[index], slots: index * window)
            try finishSends(&links[index])
        }
        try reduce()
        return isDone
    }

    private var isDone: Bool {
        let owned = pieces.count(of: own)
        return reduced == owned
            && links.allSatisfy {
                let others = pieces.count(of: $0.member)
                return $0.sumsIn.finished == others && $0.contributionsOut.finished == others
                    && $0.sumsOut.finished == owned
            }
    }

    private func reserve() {
        guard slotFloats < pieces.pieceSize else { return }
        slotFloats = pieces.pieceSize
        let bytes = codec?.maximumSize(of: slotFloats) ?? slotFloats * MemoryLayout<Float>.stride
        incoming = MessageSlots(count: links.count * window, bytes: bytes)
        if codec != nil { encoded = EncodedSlots(links: links.count, window: window, floats: slotFloats, bytes: bytes) }
    }
}

/// Memory that only a lossy codec needs.
private struct EncodedSlots {
    let contributions: MessageSlots
    let sumsIn: MessageSlots
    let sumsOut: MessageSlots
    let decoded: MessageSlots

    init(links: Int, window: Int, floats: Int, bytes: Int) {
        contributions = MessageSlots(count: links * window, bytes: bytes)
        sumsIn = MessageSlots(count: links * window, bytes: bytes)
        sumsOut = MessageSlots(count: window, bytes: bytes)
        decoded = MessageSlots(count: links, bytes: floats * MemoryLayout<Float>.stride)
    }
}

// Each of these does as much of one stream as it can.
extension NetworkSum {
    private func receiveContributions(_ link: inout NetworkLink, slots: Int) throws(CommunicationError) {
        while let bytes = try link.contributionsIn.finishNext(transport) {
            let index = link.contributionsIn.finished - 1
            noteReceived(bytes)
            link.lengths[index % window] = bytes
            if codec == nil { try checkLength(bytes, of: pieces.piece(index, of: own), from: link.rank) }
        }
        // A place is free once its piece was added up.
        while link.contributionsIn.started < min(pieces.count(of: own), reduced + window) {
            let index = link.contributionsIn.started
            let target = incoming.bytes(slots + index % window, count: size(of: pieces.piece(index, of: own)))
            link.contributionsIn.start(try transport.receive(into: target, from: link.rank, tag: tag))
        }
    }

    private func sendContributions(_ link: inout NetworkLink, slots: Int) throws(CommunicationError) {
        while try link.contributionsOut.finishNext(transport) != nil { finishedMessages += 1 }
        while link.contributionsOut.hasRoom, link.contributionsOut.started < pieces.count(of: link.member) {
            let index = link.contributionsOut.started
            let piece = pieces.piece(index, of: link.member)
            var bytes = UnsafeRawBufferPointer(floats(piece))
            if let encoded, let codec {
                let target = encoded.contributions.bytes(slots + index % window, count: size(of: piece))
                let source = UnsafeBufferPointer(floats(piece))
                let count = try codec.encode(source, at: piece.lowerBound, .contribution, of: own, into: target)
                bytes = UnsafeRawBufferPointer(rebasing: target[..<count])
            }
            link.contributionsOut.start(try send(bytes, to: link.rank, tag: tag))
        }
    }

    private func receiveSums(_ link: inout NetworkLink, slots: Int) throws(CommunicationError) {
        while let bytes = try link.sumsIn.finishNext(transport) {
            let index = link.sumsIn.finished - 1
            let piece = pieces.piece(index, of: link.member)
            noteReceived(bytes)
            if let encoded, let codec {
                let source = UnsafeRawBufferPointer(encoded.sumsIn.bytes(slots + index % window, count: bytes))
                try codec.decode(source, .sum, from: link.rank, into: floats(piece))
            } else {
                try checkLength(bytes, of: piece, from: link.rank)
            }
        }
        // A sum takes the place of the values that were sent, so these must have left.
        while link.sumsIn.hasRoom, link.sumsIn.started < link.contributionsOut.finished {
            let index = link.sumsIn.started
            let piece = pieces.piece(index, of: link.member)
            let target =
                encoded.map { $0.sumsIn.bytes(slots + index % window, count: size(of: piece)) }
                ?? UnsafeMutableRawBufferPointer(floats(piece))
            link.sumsIn.start(try transport.receive(into: target, from: link.rank, tag: tag + 1))
        }
    }

    private func finishSends(_ link: inout NetworkLink) throws(CommunicationError) {
        while try link.sumsOut.finishNext(transport) != nil { finishedMessages += 1 }
    }

    /// Adds up the pieces whose values are all here, and sends the sums.
    private func reduce() throws(CommunicationError) {
        while reduced < pieces.count(of: own),
            links.allSatisfy({ $0.contributionsIn.finished > reduced && $0.sumsOut.hasRoom })
        {
            let piece = pieces.piece(reduced, of: own)
            try add(piece)
            var bytes = UnsafeRawBufferPointer(floats(piece))
            if let encoded, let codec {
                let target = encoded.sumsOut.bytes(reduced % window, count: size(of: piece))
                let source = UnsafeBufferPointer(floats(piece))
                let count = try codec.encode(source, at: piece.lowerBound, .sum, of: own, into: target)
                bytes = UnsafeRawBufferPointer(rebasing: target[..<count])
                try codec.decode(bytes, .sum, from: ranks[own], into: floats(piece))
            }
            for index in links.indices {
                links[index].sumsOut.start(try send(bytes, to: links[index].rank, tag: tag + 1))
            }
            reduced += 1
        }
    }

    private func add(_ piece: Range<Int>) throws(CommunicationError) {
        var sources = [UnsafePointer<Float>?](repeating: nil, count: members)
        sources[own] = UnsafePointer(floats(piece).baseAddress)
        for (index, link) in links.enumerated() {
            let slot = index * window + reduced % window
            var source = incoming.floats(slot, count: codec == nil ? piece.count : 0)
            if let encoded, let codec {
                source = encoded.decoded.floats(index, count: piece.count)
                let bytes = incoming.bytes(slot, count: link.lengths[reduced % window])
                try codec.decode(UnsafeRawBufferPointer(bytes), .contribution, from: link.rank, into: source)
            }
            sources[link.member] = UnsafePointer(source.baseAddress)
        }
        let ordered = order.map { sources[$0] }
        ck_sum_groups(floats(piece).baseAddress, ordered, groupSizes, groupSizes.count, piece.count)
    }

    private func send(
        _ bytes: UnsafeRawBufferPointer,
        to rank: Int,
        tag: Int32
    ) throws(CommunicationError) -> MessageRequest {
        bytesSent += UInt64(bytes.count)
        return try transport.send(bytes, to: rank, tag: tag)
    }

    private func noteReceived(_ bytes: Int) {
        finishedMessages += 1
        bytesReceived += UInt64(bytes)
    }

    private func checkLength(_ bytes: Int, of piece: Range<Int>, from rank: Int) throws(CommunicationError) {
        guard bytes != size(of: piece) else { return }
        throw .badMessage(rank: rank, reason: "it has \(bytes) bytes instead of \(size(of: piece))")
    }

    /// The most bytes of a message with these values.
    private func size(of piece: Range<Int>) -> Int {
        codec?.maximumSize(of: piece.count) ?? piece.count * MemoryLayout<Float>.stride
    }

    private func floats(_ piece: Range<Int>) -> UnsafeMutableBufferPointer<Float> {
        UnsafeMutableBufferPointer(rebasing: values[piece.lowerBound - position..<piece.upperBound - position])
    }
}
