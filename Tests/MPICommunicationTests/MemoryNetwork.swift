import Communication
import TestSupport

@testable import MPICommunication

/// A network in memory for state machines on one thread: messages are late, and finish in another order than they began.
final class MemoryNetwork {
    /// What becomes of bytes on the way.
    var damage: ([UInt8]) -> [UInt8] = { $0 }
    private var random: SeededGenerator
    private var lines: [Line: (sent: [Transfer], wanted: [Transfer])] = [:]

    fileprivate struct Line: Hashable {
        let from: Int
        let to: Int
        let tag: Int32
    }

    fileprivate final class Transfer {
        let line: Line
        let source: UnsafeRawBufferPointer?
        let target: UnsafeMutableRawBufferPointer?
        var bytes: [UInt8]?
        var length: Int?

        init(
            _ line: Line,
            source: UnsafeRawBufferPointer? = nil,
            target: UnsafeMutableRawBufferPointer? = nil
        ) {
            self.line = line
            self.source = source
            self.target = target
        }
    }

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
    }

    /// What a rank holds of the network.
    func end(of rank: Int) -> any MessagePassing { End(self, rank) }

    private final class End: MessagePassing {
        private let network: MemoryNetwork
        private let rank: Int
        private var requests: [Transfer?] = []

        init(_ network: MemoryNetwork, _ rank: Int) {
            self.network = network
            self.rank = rank
        }

        func send(
            _ bytes: UnsafeRawBufferPointer,
            to rank: Int,
            tag: Int32
        ) throws(CommunicationError) -> MessageRequest {
            let transfer = Transfer(Line(from: self.rank, to: rank, tag: tag), source: bytes)
            network.lines[transfer.line, default: ([], [])].sent.append(transfer)
            return note(transfer)
        }

        func receive(
            into bytes: UnsafeMutableRawBufferPointer,
            from rank: Int,
            tag: Int32
        ) throws(CommunicationError) -> MessageRequest {
            let transfer = Transfer(Line(from: rank, to: self.rank, tag: tag), target: bytes)
            network.lines[transfer.line, default: ([], [])].wanted.append(transfer)
            return note(transfer)
        }

        func test(_ request: MessageRequest) throws(CommunicationError) -> Int? {
            guard let transfer = requests[request.number] else {
                preconditionFailure("request \(request.number) is spent")
            }
            try network.move(transfer)
            guard let length = transfer.length, network.random.chance(0.7) else { return nil }
            requests[request.number] = nil
            return length
        }

        private func note(_ transfer: Transfer) -> MessageRequest {
            requests.append(transfer)
            return MessageRequest(number: requests.count - 1)
        }
    }

    private func move(_ transfer: Transfer) throws(CommunicationError) {
        guard random.chance(0.5) else { return }
        // Some messages leave before anybody waits for them.
        if let source = transfer.source, transfer.length == nil, random.chance(0.3) {
            transfer.bytes = Array(source)
            transfer.length = source.count
        }
        guard var line = lines[transfer.line], !line.sent.isEmpty, !line.wanted.isEmpty else { return }
        let (sent, wanted) = (line.sent.removeFirst(), line.wanted.removeFirst())
        lines[transfer.line] = line
        let bytes = damage(sent.bytes ?? sent.source.map { Array($0) } ?? [])
        sent.length = sent.source?.count ?? 0
        guard let target = wanted.target, bytes.count <= target.count else {
            throw .badMessage(rank: transfer.line.from, reason: "it is longer than its place")
        }
        target.copyBytes(from: bytes)
        wanted.length = bytes.count
    }
}

/// The members of sums in one process, which take turns at random.
struct SumScene {
    var members: Int
    var groups: [[Int]]?
    var compression: any Compression = Float32Compression()
    var seed: UInt64 = 1
    var round: UInt64 = 7
    var damage: ([UInt8]) -> [UInt8] = { $0 }

    init(_ members: Int) {
        self.members = members
    }

    /// What each member holds after the ranges, which are all under way at once, were summed; `inputs` are whole buffers.
    func sums(_ inputs: [[Float]], ranges: [Range<Int>]? = nil) throws(CommunicationError) -> [[Float]] {
        let total = inputs[0].count
        let ranges = ranges ?? [0..<total]
        let network = MemoryNetwork(seed: seed)
        network.damage = damage
        let buffers = inputs.map { values in
            let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: max(1, values.count))
            _ = buffer.update(fromContentsOf: values)
            return buffer
        }
        defer { for buffer in buffers { buffer.deallocate() } }
        // Ranks are not places: rank 10 is the first member.
        let ranks = (0..<members).map { 10 + 3 * $0 }
        var open: [NetworkSum] = []
        for own in 0..<members {
            let end = network.end(of: ranks[own])
            for (tag, range) in ranges.enumerated() {
                let sum = NetworkSum(
                    members: ranks,
                    own: own,
                    groups: groups,
                    compression: compression,
                    transport: end
                )
                let values = UnsafeMutableBufferPointer(rebasing: buffers[own][range])
                sum.start(values: values, tag: Int32(tag), position: range.lowerBound, total: total, round: round)
                open.append(sum)
            }
        }
        try finish(open)
        return buffers.map { Array($0.prefix(total)) }
    }

    private func finish(_ sums: [NetworkSum]) throws(CommunicationError) {
        var open = sums
        var random = SeededGenerator(seed: seed + 99)
        var turns = 0
        while !open.isEmpty {
            let index = random.int(0...(open.count - 1))
            if try open[index].advance() { open.remove(at: index) }
            turns += 1
            guard turns < 1_000_000 else { throw .closed }
        }
    }
}
