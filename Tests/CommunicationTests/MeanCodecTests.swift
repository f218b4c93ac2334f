import Buffers
import Testing

@testable import Communication

/// A codec that rounds what members bring to bfloat16, in whole blocks, and sends means as they are.
struct Rounded: Compression {
    static let name = "rounded"
    static let reference = BFloat16Compression.reference
    static let wireID: UInt8 = 201

    private let codec = BFloat16Compression()

    enum CodingKeys: CodingKey {}

    var forMean: any Compression { Float32Compression() }
    var alignment: Int { 256 }

    func validate() {}

    func maximumSize(of count: Int) -> Int { codec.maximumSize(of: count) }

    func encode(_ values: Span<Float>, into bytes: inout MutableRawSpan, using random: inout RandomStream) -> Int {
        codec.encode(values, into: &bytes, using: &random)
    }

    func decode(_ bytes: RawSpan, into values: inout MutableSpan<Float>) throws(CompressionError) {
        try codec.decode(bytes, into: &values)
    }
}

@Suite("A codec with another one for means")
struct MeanCodecTests {
    /// Numbers of bfloat16 whose sums are not.
    private static let values: [[Float]] = [1.0078125, 100, -0.5, 3].map { Array(repeating: $0, count: 5000) }

    @Test("loses nothing of a mean of values that it carries")
    func exact() throws {
        let group = Example.group(weights: [1, 1, 1, 1])
        var driver = RoundDriver(try Example.rounds(group, Self.values, compression: Rounded()), seed: 2)
        driver.expectEnd()
        for round in driver.rounds {
            #expect(round.values == Array(repeating: (1.0078125 + 100 - 0.5 + 3) / 4, count: 5000))
        }
    }

    @Test("keeps values that the codec made, and the same bits on all members", arguments: [0, 1])
    func projected(index: Int) throws {
        let codec: any Compression = index == 0 ? OneBitCompression() : TopKCompression()
        let count = 30_000
        let values = try (0..<3).map { try codec.values(codec.bytes(Example.values(count, seed: $0)), count: count) }
        let weights = [1.0, 2, 3]
        var driver = RoundDriver(
            try Example.rounds(Example.group(weights: weights), values, compression: codec),
            seed: 3
        )
        driver.expectEnd()
        let mean = driver.rounds[0].values
        #expect(driver.rounds.allSatisfy { $0.values.bits == mean.bits })
        let largest = mean.reduce(0) { max($0, abs($1)) }
        for (found, expected) in zip(mean, Example.mean(values, weights)) {
            #expect(abs(Double(found) - expected) <= Double(largest) / 253)
            #expect(expected != 0 || found == 0)
        }
    }

    @Test("fails a round in which a mean comes in the codec of the members' values, or the other way round")
    func swapped() throws {
        for kind in [Frame.Kind.mean, .contribution] {
            let group = Example.group(weights: [1, 1])
            let rounds = try Example.rounds(group, Array(Self.values.prefix(2)), compression: Rounded())
            var faults = RoundDriver.Faults()
            faults.tamper = { frame, from, _ in
                var frame = frame
                if from == 1, frame.kind == kind {
                    frame.codec = kind == .mean ? Rounded.wireID : Float32Compression.wireID
                }
                return frame
            }
            var driver = RoundDriver(rounds, seed: 1, faults: faults)
            driver.expectEnd()
            #expect(driver.failures[0]?.ranks == [1])
        }
    }

    @Test("has shares and parts that begin at whole blocks and fit", arguments: [1, 300, 5000, 1_000_000])
    func alignment(count: Int) {
        let members = (0..<3).map { RoundMember(id: "\($0)", host: "", port: 1, weight: 1, bandwidth: [3, 5, 4][$0]) }
        let plan = PartitionPlan(count: count, members: members, compression: Rounded())
        #expect(plan.shares.allSatisfy { $0.lowerBound % 256 == 0 || $0.isEmpty } && plan.partSize % 256 == 0)
        #expect(plan.shares.reduce(0) { $0 + $1.count } == count && plan.shares.last?.upperBound == count)
        #expect(Float32Compression().maximumSize(of: plan.partSize) <= PartitionPlan.largestPart)
        #expect(PartitionPlan.grain(of: Rounded()) == 256 && PartitionPlan.grain(of: Int8BlockCompression()) == 16)
    }
}
