import Buffers
import Communication
import Glibc
import TestSupport
import Testing

@testable import MPICommunication

@Suite("A sum by messages")
struct NetworkSumTests {
    @Test("is the sum in the order of members, on all of them, for any size", arguments: 1...5)
    func exactSums(members: Int) throws {
        for (index, count) in [0, 1, 4095, 4096, 4097, 70_000].enumerated() {
            var scene = SumScene(members)
            scene.seed = UInt64(10 * members + index)
            let inputs = values(members, count)
            let expected = sequentialSum(inputs, groups: inputs.indices.map { [$0] })
            for result in try scene.sums(inputs) { #expect(haveSameBits(result, expected), "\(count) values") }
        }
    }

    @Test("goes through many pieces at once")
    func manyPieces() throws {
        let inputs = values(3, 3_500_000)
        let expected = sequentialSum(inputs, groups: [[0], [1], [2]])
        for result in try SumScene(3).sums(inputs) { #expect(haveSameBits(result, expected)) }
    }

    @Test("has the same bits over ranks in groups as over the groups' own sums")
    func groups() throws {
        let inputs = values(5, 20_000)
        let groups = [[0, 3], [1, 2, 4]]
        var flat = SumScene(5)
        flat.groups = groups
        let expected = sequentialSum(inputs, groups: groups)
        for result in try flat.sums(inputs) { #expect(haveSameBits(result, expected)) }
        let hosts = groups.map { group in sequentialSum(group.map { inputs[$0] }, groups: [Array(group.indices)]) }
        for result in try SumScene(2).sums(hosts) { #expect(haveSameBits(result, expected)) }
        #expect(!haveSameBits(expected, sequentialSum(inputs, groups: (0..<5).map { [$0] })), "the order must matter")
    }

    @Test("gives the same bits whole and in buckets that are under way at once", arguments: 0..<3)
    func buckets(codec: Int) throws {
        let inputs = values(3, 200_000)
        var scene = SumScene(3)
        scene.compression = Self.codecs[codec]
        let whole = try scene.sums(inputs)[0]
        for bucket in [4096, 5 * 4096, 65_536] {
            let ranges = stride(from: 0, to: 200_000, by: bucket).map { $0..<min($0 + bucket, 200_000) }
            scene.seed += 1
            for result in try scene.sums(inputs, ranges: ranges.reversed()) { #expect(haveSameBits(result, whole)) }
        }
    }

    @Test("with a lossy codec is near the sum and the same on all members", arguments: 1..<3, 2...5)
    func lossySums(codec: Int, members: Int) throws {
        let inputs = values(members, 30_001)
        let exact = sequentialSum(inputs, groups: inputs.indices.map { [$0] })
        var scene = SumScene(members)
        scene.compression = Self.codecs[codec]
        let results = try scene.sums(inputs)
        for result in results { #expect(haveSameBits(result, results[0])) }
        // Every contribution but the owner's, and the sum, are off by half a step: 1 / 254 of the largest value of the block (int8), or
        // 2^-8 of the value. No number of the inputs is above 6.
        let bound = Float(members - 1) * 6 / 254 + Float(members) * 6 / 254
        for (value, near) in zip(exact, results[0]) { #expect(abs(value - near) <= bound) }
        #expect(!haveSameBits(exact, results[0]))
    }

    @Test("draws the codec's random numbers from round, member and place alone")
    func randomNumbers() throws {
        let inputs = values(3, 20_000)
        var scene = SumScene(3)
        scene.compression = DitheredCompression()
        let first = try scene.sums(inputs)
        scene.seed = 2
        let again = try scene.sums(inputs)
        for result in first + again { #expect(haveSameBits(result, first[0])) }
        scene.round += 1
        #expect(try !haveSameBits(scene.sums(inputs)[0], first[0]))
    }

    @Test("can be started again, with more values")
    func restarts() throws {
        let network = MemoryNetwork(seed: 3)
        let sums = (0..<2).map {
            NetworkSum(
                members: [0, 1],
                own: $0,
                compression: BFloat16Compression(),
                transport: network.end(of: $0)
            )
        }
        for count in [100, 10_000, 600_000, 50] {
            let buffers = (0..<2).map { _ in UnsafeMutableBufferPointer<Float>.allocate(capacity: count) }
            defer { for buffer in buffers { buffer.deallocate() } }
            for (own, buffer) in buffers.enumerated() {
                buffer.update(repeating: Float(own + 1))
                sums[own].start(values: buffer, tag: 5)
            }
            var isDone = [false, false]
            while isDone != [true, true] { for own in 0..<2 { isDone[own] = try sums[own].advance() } }
            #expect(buffers.allSatisfy { $0.allSatisfy { $0 == 3 } })
            #expect(sums[0].bytesSent + sums[1].bytesSent == UInt64(4 * count))
            #expect(sums[0].bytesReceived == sums[1].bytesSent && sums[0].finishedMessages > 0)
        }
    }

    static let codecs: [any Compression] = [Float32Compression(), BFloat16Compression(), Int8BlockCompression()]
}

@Suite("A sum by messages that cannot be used")
struct BadMessageTests {
    @Test("refuses messages that are too short or too long", arguments: 0..<3)
    func lengths(codec: Int) {
        for change in [-1, -4, 4] {
            var scene = SumScene(2)
            scene.compression = NetworkSumTests.codecs[codec]
            scene.damage = { change < 0 ? Array($0.dropLast(-change)) : $0 + Array(repeating: 0, count: change) }
            #expect {
                try scene.sums(values(2, 5000))
            } throws: { error in
                guard case CommunicationError.badMessage(let rank, let reason) = error else { return false }
                return rank >= 10 && !reason.isEmpty
            }
        }
    }

    @Test("never traps on hostile bytes: it throws, or all its values are finite", arguments: 1..<3)
    func hostileBytes(codec: Int) throws {
        let inputs = values(3, 500)
        for seed in 0..<150 as Range<UInt64> {
            var scene = SumScene(3)
            scene.compression = NetworkSumTests.codecs[codec]
            scene.seed = seed
            // A mutator that keeps its state between messages is a value in a box.
            let box = Box(Mutator(seed: seed))
            scene.damage = { bytes in
                if box.value.random.chance(0.5) { return box.value.mutate(bytes) }
                var same = bytes
                for _ in 0..<4 { same[box.value.random.int(0...(same.count - 1))] = box.value.random.bytes(1)[0] }
                return same
            }
            do {
                let results = try scene.sums(inputs)
                #expect(results.allSatisfy { $0.allSatisfy { $0.isFinite } })
            } catch {
                #expect(!error.description.isEmpty)
            }
        }
    }

    @Test("refuses values that a codec cannot take", arguments: [Float.nan, .infinity, 2e30])
    func notFinite(value: Float) {
        var inputs = values(2, 5000)
        inputs[1][17] = value
        var scene = SumScene(2)
        scene.compression = BFloat16Compression()
        let error = #expect(throws: CommunicationError.self) { try scene.sums(inputs) }
        #expect(error?.description.contains("above 1e30") == true)
    }
}

@Suite("Pieces of a buffer")
struct PieceMapTests {
    @Test("cover every range once, and have the same owner in each")
    func owners() {
        forAll(seeds: 200) { random in
            let members = random.int(1...7)
            let total = random.int(0...5_000_000)
            let whole = PieceMap(range: 0..<total, total: total, members: members)
            let start = random.int(0...(total / 4096)) * 4096
            let range = min(start, total)..<random.int(min(start, total)...total)
            let part = PieceMap(range: range, total: total, members: members)
            try #require(part.pieceSize == whole.pieceSize && part.pieceSize % PieceMap.grain == 0)
            var covered: [Range<Int>] = []
            for member in 0..<members {
                let wholes = (0..<whole.count(of: member)).map { whole.piece($0, of: member) }
                for index in 0..<part.count(of: member) {
                    let piece = part.piece(index, of: member)
                    covered.append(piece)
                    let inside = wholes.contains {
                        $0.lowerBound <= piece.lowerBound && piece.upperBound <= $0.upperBound
                    }
                    try #require(!piece.isEmpty && inside)
                }
            }
            covered.sort { $0.lowerBound < $1.lowerBound }
            let ends = [range.lowerBound] + covered.map(\.upperBound)
            try #require(covered.map(\.lowerBound) + [range.upperBound] == ends)
        }
    }

    @Test("give every member a share of what is not small")
    func shares() {
        for members in 1...5 {
            let total = members << 18
            let map = PieceMap(range: 0..<total, total: total, members: members)
            #expect((0..<members).allSatisfy { map.count(of: $0) == map.count(of: 0) })
            #expect(map.count(of: 0) >= 2)
        }
    }
}

/// A codec whose rounding is random: the test that random numbers reach it.
struct DitheredCompression: Compression {
    static let name = "dithered"
    static let reference = Float32Compression.reference
    static let wireID: UInt8 = 250

    func validate() {}
    func maximumSize(of count: Int) -> Int { 4 * count }

    func encode(
        _ values: Span<Float>,
        into bytes: inout MutableRawSpan,
        using random: inout RandomStream
    ) -> Int {
        let moved = values.indices.map { values[$0] + Float(random.uniform()) / 1024 }
        return Float32Compression().encode(moved.span, into: &bytes, using: &random)
    }

    func decode(_ bytes: RawSpan, into values: inout MutableSpan<Float>) throws(CompressionError) {
        try Float32Compression().decode(bytes, into: &values)
    }
}

private final class Box<Value> {
    var value: Value

    init(_ value: Value) {
        self.value = value
    }
}

/// Normal numbers of each member.
private func values(_ members: Int, _ count: Int) -> [[Float]] {
    (0..<members).map { member in
        guard count > 0 else { return [] }
        var random = RandomStream(seed: UInt64(count), purpose: .noise, index: UInt64(member))
        let buffer = FlatBuffer(count: count)
        buffer.copy(from: random.normal([count]))
        return buffer.floats
    }
}

/// What the sum should be: one addition after the other.
private func sequentialSum(_ inputs: [[Float]], groups: [[Int]]) -> [Float] {
    func sum(_ parts: [[Float]]) -> [Float] {
        let result = FlatBuffer(parts[0])
        for part in parts.dropFirst() { result.add(FlatBuffer(part)) }
        return result.floats
    }
    return sum(groups.map { group in sum(group.map { inputs[$0] }) })
}

private func haveSameBits(_ a: [Float], _ b: [Float]) -> Bool {
    a.count == b.count && memcmp(a, b, a.count * MemoryLayout<Float>.stride) == 0
}
