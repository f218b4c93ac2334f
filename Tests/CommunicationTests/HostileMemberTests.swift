import Buffers
import NIOCore
import Testing

@testable import Communication

@Suite("A hostile member")
struct HostileMemberTests {
    private let weights = [1.0, 2, 3]
    private let values = (0..<3).map { Example.values(2400, seed: UInt64($0)) }

    private func run(_ tamper: @escaping (Frame) -> Frame?) throws -> RoundDriver {
        let rounds = try Example.rounds(Example.group(weights: weights), values, compression: SmallParts())
        var faults = RoundDriver.Faults()
        faults.tamper = { frame, from, _ in from == 2 ? tamper(frame) : frame }
        var driver = RoundDriver(rounds, seed: 11, faults: faults)
        driver.expectEnd()
        return driver
    }

    private func expectBlame(_ driver: RoundDriver, _ words: String) {
        #expect(driver.finished.isDisjoint(with: [0, 1]))
        for rank in 0...1 {
            #expect(driver.failures[rank]?.ranks == [2], "\(String(describing: driver.failures[rank]))")
        }
        let reasons = driver.failures.values.map(\.reason)
        #expect(reasons.contains { $0.contains("'w2'") && $0.contains(words) }, "\(reasons)")
    }

    private func values(_ number: Float, like frame: Frame) -> Frame {
        var frame = frame
        guard frame.count > 0 else { return frame }
        frame.payload = ByteBuffer()
        for _ in 0..<frame.count { frame.payload.writeInteger(number.bitPattern, endianness: .little) }
        return frame
    }

    @Test("that sends numbers that are not finite is named", arguments: [Float.nan, .infinity, -.infinity, 1e31])
    func notFinite(number: Float) throws {
        expectBlame(try run { values(number, like: $0) }, "not finite")
    }

    @Test("that sends a range of its own choice is named", arguments: [1, 63, 64_000, UInt32.max])
    func range(start: UInt32) throws {
        let driver = try run { frame in
            guard frame.kind == .contribution else { return frame }
            var frame = frame
            frame.start = start
            return frame
        }
        expectBlame(driver, "no part of this member's share")
    }

    @Test("that sends another count than bytes is named")
    func truncated() throws {
        let driver = try run { frame in
            var frame = frame
            frame.payload.moveWriterIndex(to: frame.payload.writerIndex / 2)
            return frame
        }
        expectBlame(driver, "should have")
    }

    @Test("that sends far more bytes than a part may have is named")
    func oversized() throws {
        let driver = try run { frame in
            guard frame.kind == .contribution else { return frame }
            var frame = frame
            frame.payload.writeRepeatingByte(0, count: 1 << 20)
            return frame
        }
        expectBlame(driver, "bytes for")
    }

    @Test("that uses another codec is named")
    func codec() throws {
        let driver = try run { frame in
            var frame = frame
            frame.codec = 1
            return frame
        }
        expectBlame(driver, "used codec 1 instead of 200")
    }

    @Test("that speaks in another's name is named")
    func impersonation() throws {
        let driver = try run { frame in
            var frame = frame
            frame.sender = 0
            return frame
        }
        expectBlame(driver, "in the name of rank 0")
    }

    @Test("that greets in the middle of the round is named")
    func greeting() throws {
        expectBlame(try run { _ in frame(.hello) }, "greeting")
    }

    @Test("that sends means before it can know them is named")
    func earlyMeans() throws {
        var limits = MeanRoundLimits()
        limits.window = 3
        let group = Example.group(weights: weights)
        var first = try Example.rounds(group, values, compression: SmallParts(), limits: limits)[0]
        _ = first.handle(.start, at: .zero)
        // Parts 0, 1 and 2 have been sent to it by now, so it cannot have the values of part 3.
        let part = first.plan.part(3, of: 2)
        var mean = frame(.mean)
        mean.start = UInt32(part.lowerBound)
        mean.count = UInt32(part.count)
        mean.codec = SmallParts.wireID
        let actions = first.handle(.frame(mean, from: 2), at: .zero)
        guard case .fail(let failure) = actions.last else { Issue.record("accepted"); return }
        #expect(failure.ranks == [2] && failure.reason.contains("before it had all values"))
    }

    @Test("cannot get another member blamed by naming ranks that do not exist")
    func abortNonsense() throws {
        let driver = try run { frame in
            var abort = self.frame(.abort)
            _ = frame
            abort.payload.writeInteger(UInt16(9), endianness: .little)
            return abort
        }
        expectBlame(driver, "does not exist")
    }

    @Test("of another round or attempt is left out")
    func stale() throws {
        var round = try Example.rounds(Example.group(weights: weights), values)[0]
        _ = round.handle(.start, at: .zero)
        var stale = frame(.contribution)
        stale.round = 6
        let first = round.handle(.frame(stale, from: 2), at: .zero)
        stale = frame(.contribution)
        stale.attempt = 1
        let second = round.handle(.frame(stale, from: 2), at: .zero)
        #expect(first.isEmpty && second.isEmpty && round.ignoredFrames == 2)
    }

    @Test("with random frames changes nothing and traps nowhere", arguments: 0..<80 as Range<UInt64>)
    func randomFrames(seed: UInt64) throws {
        var random = RandomStream(seed: seed, purpose: .noise, index: 3)
        let driver = try run { frame in
            guard random.uniform() < 0.1 else { return frame }
            var frame = frame
            switch random.next() % 6 {
            case 0: frame.kind = Frame.Kind.allCases[Int(random.next() % 7)]
            case 1: frame.start = UInt32(truncatingIfNeeded: random.next()) % 4000
            case 2: frame.count = UInt32(truncatingIfNeeded: random.next()) % 100
            case 3: frame.codec = UInt8(truncatingIfNeeded: random.next())
            case 4: frame.payload.writeInteger(random.next())
            default: frame.sender = UInt16(truncatingIfNeeded: random.next() % 4)
            }
            return frame
        }
        let bits = driver.rounds[0].values.bits
        let expected = Example.mean(values, weights)
        for rank in driver.finished where rank != 2 {
            let mean = driver.rounds[rank].values
            #expect(zip(mean, expected).allSatisfy { abs(Double($0) - $1) < 1e-5 })
        }
        if driver.finished.isSuperset(of: [0, 1]) { #expect(driver.rounds[1].values.bits == bits) }
    }

    private func frame(_ kind: Frame.Kind) -> Frame {
        var frame = Frame(kind)
        frame.round = 7
        frame.sender = 2
        return frame
    }
}
