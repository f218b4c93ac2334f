import CKernels
import TestSupport
import Testing

@testable import Buffers

@Suite("A random stream")
struct RandomStreamTests {
    private static let purposes: [RandomStream.Purpose] = [
        .initialization, .order, .augmentation, .time, .noise, .dropout, .condition, .sampling, .rounding, .coupling,
    ]

    private static func philox(_ counter: [UInt32], _ key: [UInt32]) -> [UInt32] {
        var result: [UInt32] = [0, 0, 0, 0]
        ck_philox(counter, key, &result)
        return result
    }

    // Known answers that were published with the generator (Salmon and others 2011).
    @Test(
        "is Philox4x32-10",
        arguments: [
            ([0, 0, 0, 0], [0, 0], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
            (
                [.max, .max, .max, .max], [.max, .max],
                [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
            ),
            (
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0],
                [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
            ),
        ] as [([UInt32], [UInt32], [UInt32])]
    )
    func knownAnswers(counter: [UInt32], key: [UInt32], expected: [UInt32]) {
        #expect(RandomStreamTests.philox(counter, key) == expected)
    }

    @Test("counts blocks, and holds purpose, index and seed in counter and key")
    func counters() {
        var stream = RandomStream(seed: 0x0123_4567_89ab_cdef, purpose: .noise, index: 0xfedc_ba98_7654_3210)
        for block: UInt32 in 0..<5 {
            let words = (0..<4).map { _ in stream.nextWord() }
            let counter: [UInt32] = [block, 5, 0x7654_3210, 0xfedc_ba98]
            #expect(words == RandomStreamTests.philox(counter, [0x89ab_cdef, 0x0123_4567]))
        }
        #expect(RandomStreamTests.purposes.map(\.rawValue) == Array(1...10))
    }

    @Test("makes 64 bits of two words, the lower first")
    func pairs() {
        var words = RandomStream(seed: 3, purpose: .order, index: 8)
        var pairs = words
        for _ in 0..<10 {
            let low = UInt64(words.nextWord())
            #expect(pairs.next() == low | UInt64(words.nextWord()) << 32)
        }
    }

    @Test("shares no number with the stream of another seed, purpose or index")
    func disjoint() {
        var seen: Set<UInt64> = []
        var drawn = 0
        for seed in [0, 1, 1 << 32, UInt64.max] {
            for purpose in RandomStreamTests.purposes {
                for index in [0, 1, 2, 1 << 32, UInt64.max] {
                    var stream = RandomStream(seed: seed, purpose: purpose, index: index)
                    for _ in 0..<32 { seen.insert(stream.next()) }
                    drawn += 32
                }
            }
        }
        #expect(seen.count == drawn)
    }

    @Test("draws the same array in one piece and in pieces of whole blocks")
    func pieces() {
        forAll { generator in
            let parts = (0..<generator.int(1...6)).map { _ in 4 * generator.int(0...9) }
            let whole = RandomStream(seed: generator.next(), purpose: .noise, index: generator.next())
            var one = whole
            var many = whole
            let expected = one.normal([parts.reduce(0, +)]).floats
            try #require(parts.flatMap { many.normal([$0]).floats } == expected)
            try #require(one.next() == many.next())
        }
    }

    @Test("draws the same numbers for a sample whatever batch it is in")
    func samples() {
        func noise(_ indices: Range<UInt64>) -> [Float] {
            indices.flatMap { index -> [Float] in
                var stream = RandomStream(seed: 4, purpose: .noise, index: index)
                return stream.normal([3, 5, 1]).floats
            }
        }
        #expect(noise(0..<12) == noise(0..<5) + noise(5..<6) + noise(6..<12))
    }

    @Test("starts arrays at a block of their own, whatever was drawn of the block before")
    func blocks() {
        let fresh = RandomStream(seed: 1, purpose: .time, index: 2)
        var expected = fresh
        _ = expected.uniform([4])
        let second = expected.uniform([6]).floats
        for drawn in 1...4 {
            var stream = fresh
            for _ in 0..<drawn { _ = stream.nextWord() }
            #expect(stream.uniform([6]).floats == second)
        }
        var short = fresh
        _ = short.uniform([1])
        #expect(short.uniform([6]).floats == second)
    }

    @Test("has longer arrays that begin with the shorter ones")
    func prefixes() {
        func array(_ count: Int) -> [Float] {
            var stream = RandomStream(seed: 9, purpose: .sampling, index: 0)
            return stream.normal([count]).floats
        }
        for count in 0..<20 { #expect(array(count) == Array(array(20).prefix(count))) }
    }

    @Test("has uniform arrays of the upper 24 bits of its words")
    func uniformWords() {
        var words = RandomStream(seed: 2, purpose: .dropout, index: 3)
        var array = words
        #expect(array.uniform([13]).floats == (0..<13).map { _ in Float(words.nextWord() >> 8) * 0x1p-24 })
    }
}
