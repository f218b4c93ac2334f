import Buffers
import NIOCore
import Testing

@testable import Communication

@Suite("A mean over a group")
struct MeanRoundTests {
    @Test("is the weighted mean, with the same bits on all members, for any order of delivery", arguments: 1...6)
    func meanIsExact(size: Int) throws {
        let weights = (0..<size).map { Double(3 * $0 + 1) }
        let values = (0..<size).map { Example.values(3000, seed: UInt64($0)) }
        let group = Example.group(weights: weights)
        let expected = Example.mean(values, weights)
        var bits: [UInt32] = []
        for seed in 0..<4 as Range<UInt64> {
            var driver = RoundDriver(try Example.rounds(group, values, compression: SmallParts()), seed: seed)
            driver.expectEnd()
            #expect(driver.finished.count == size)
            for round in driver.rounds {
                if bits.isEmpty { bits = round.values.bits }
                #expect(round.values.bits == bits)
            }
        }
        // n roundings of sums of at most sum |w x| and one of the quotient.
        for (index, mean) in bits.enumerated() {
            let scale = values.reduce(0.0) { max($0, abs(Double($1[index]))) }
            let error = abs(Double(Float(bitPattern: mean)) - expected[index])
            #expect(error <= Double(size + 2) * 0x1p-24 * scale * 2, "value \(index) is off by \(error)")
        }
    }

    @Test("of equal values of two members is that value, bit for bit")
    func equalValues() throws {
        let values = Example.values(3000, seed: 9)
        let group = Example.group(weights: [2, 0, 2, 0])
        var driver = RoundDriver(
            try Example.rounds(group, Array(repeating: values, count: 4), compression: SmallParts()),
            seed: 1
        )
        driver.expectEnd()
        for round in driver.rounds { #expect(round.values.bits == values.bits) }
    }

    @Test(
        "keeps the same bits on all members with every codec",
        arguments: [BFloat16Compression.wireID, Int8BlockCompression.wireID]
    )
    func lossyCodecs(wireID: UInt8) throws {
        let codec: any Compression =
            wireID == BFloat16Compression.wireID ? BFloat16Compression() : Int8BlockCompression()
        let values = (0..<3).map { Example.values(4000, seed: UInt64($0)) }
        let weights = [1.0, 2, 3]
        var driver = RoundDriver(
            try Example.rounds(Example.group(weights: weights), values, compression: codec),
            seed: 3
        )
        driver.expectEnd()
        let bits = driver.rounds[0].values.bits
        #expect(driver.rounds.allSatisfy { $0.values.bits == bits })
        let expected = Example.mean(values, weights)
        // A contribution and the mean are each rounded once, by at most 1/254 of the largest value, which is below 5.
        for (mean, expected) in zip(driver.rounds[0].values, expected) {
            #expect(abs(Double(mean) - expected) < 2 * 5.0 / 254)
        }
    }

    @Test("takes nothing from a member of weight 0, whatever its values are")
    func withdrawnMember() throws {
        var values = (0..<3).map { Example.values(2000, seed: UInt64($0)) }
        values[1] = Array(repeating: .nan, count: 2000)
        let weights = [1.0, 0, 3]
        let rounds = try Example.rounds(Example.group(weights: weights), values, compression: SmallParts())
        var driver = RoundDriver(rounds, seed: 2)
        driver.expectEnd()
        #expect(driver.finished.count == 3)
        let expected = Example.mean(values, weights)
        for (mean, expected) in zip(driver.rounds[1].values, expected) { #expect(abs(Double(mean) - expected) < 1e-6) }
    }

    @Test("leaves all values alone when every member withdrew")
    func nobodyContributes() throws {
        let values = (0..<3).map { Example.values(100, seed: UInt64($0)) }
        var driver = RoundDriver(try Example.rounds(Example.group(weights: [0, 0, 0]), values), seed: 2)
        driver.expectEnd()
        #expect(driver.rounds.map { $0.values.bits } == values.map(\.bits))
    }

    @Test("is never wrong and never hangs when a member dies", arguments: 0..<40 as Range<UInt64>)
    func deaths(seed: UInt64) throws {
        let values = (0..<4).map { Example.values(2000, seed: UInt64($0)) }
        let rounds = try Example.rounds(Example.group(weights: [1, 2, 3, 4]), values, compression: SmallParts())
        var faults = RoundDriver.Faults()
        faults.kill = (rank: Int(seed % 4), after: Int(seed * 7))
        faults.breaksLinks = seed.isMultiple(of: 2)
        var driver = RoundDriver(rounds, seed: seed, faults: faults)
        driver.expectEnd()
        for (rank, failure) in driver.failures where rank != Int(seed % 4) {
            #expect(failure.ranks == [Int(seed % 4)], "\(failure)")
            #expect(failure.reason.contains("'w\(seed % 4)'"))
        }
        expectSameMean(driver, values, [1, 2, 3, 4])
    }

    @Test(
        "is never wrong and ends by its deadline when frames are lost or come twice",
        arguments: 0..<40 as Range<UInt64>
    )
    func losses(seed: UInt64) throws {
        let values = (0..<4).map { Example.values(2000, seed: UInt64($0)) }
        let rounds = try Example.rounds(Example.group(weights: [1, 2, 3, 4]), values, compression: SmallParts())
        var faults = RoundDriver.Faults()
        faults.drop = seed.isMultiple(of: 3) ? 0 : 0.01
        faults.duplicate = 0.2
        var driver = RoundDriver(rounds, seed: seed, faults: faults)
        driver.expectEnd()
        #expect(driver.elapsed <= .seconds(54))
        if faults.drop == 0 { #expect(driver.finished.count == 4) }
        expectSameMean(driver, values, [1, 2, 3, 4])
    }

    @Test("sends no more unanswered parts than the window holds")
    func window() throws {
        var limits = MeanRoundLimits()
        limits.window = 3
        let values = (0..<2).map { Example.values(5000, seed: UInt64($0)) }
        let group = Example.group(weights: [1, 1])
        var driver = RoundDriver(
            try Example.rounds(group, values, compression: SmallParts(), limits: limits),
            seed: 4
        )
        driver.expectEnd()
        #expect(driver.finished.count == 2)
        // Three contributions and three means at most are on the way.
        #expect(driver.longestQueue <= 6)
    }

    @Test("waits with pings, and names the member that stays silent")
    func silence() throws {
        let values = (0..<3).map { Example.values(500, seed: UInt64($0)) }
        var rounds = try Example.rounds(Example.group(weights: [1, 1, 1]), values)
        _ = rounds[0].handle(.start, at: .zero)
        #expect(rounds[0].nextDeadline == .seconds(2.5))
        let pings = rounds[0].handle(.tick, at: .seconds(2.5))
        #expect(pings.count == 2)
        var ping = Frame(.ping)
        ping.round = 7
        ping.sender = 1
        _ = rounds[0].handle(.frame(ping, from: 1), at: .seconds(9))
        let actions = rounds[0].handle(.tick, at: .seconds(10))
        guard case .fail(let failure) = actions.last else { Issue.record("\(actions)"); return }
        #expect(failure.ranks == [2])
        #expect(failure.reason == "'w2' was silent for 10.0 seconds")
        #expect(rounds[0].nextDeadline == nil)
    }

    private func expectSameMean(_ driver: RoundDriver, _ values: [[Float]], _ weights: [Double]) {
        let expected = Example.mean(values, weights)
        for rank in driver.finished {
            let isRight = zip(driver.rounds[rank].values, expected).allSatisfy { abs(Double($0) - $1) < 1e-5 }
            #expect(isRight, "rank \(rank) finished with wrong values")
        }
    }
}
