import Communication
import Testing

@testable import MPICommunication

@Suite("The choice of how means are formed")
struct ExchangeChoiceTests {
    @Test("takes the faster path, then its fastest bucket")
    func fastest() throws {
        var tried: [ExchangeCandidate] = []
        let choice = try choose(ExchangeOptions()) { candidate in
            tried.append(candidate)
            guard candidate.path == .memory else { return 3.4e-3 }
            return candidate.bucketBytes == 4 << 20 ? 1.2e-3 : 2e-3
        }
        #expect(choice.candidate == ExchangeCandidate(path: .memory, bucketBytes: 4 << 20))
        #expect(
            "\(choice)"
                == "means through shared memory in buckets of 4 MiB: 1.2 ms for 4 MiB, 3.4 ms over the network"
        )
        #expect(tried.filter { $0.path == .network } == Array(repeating: tried[3], count: 3))
        #expect(Set(tried.map(\.bucketBytes)) == Set(ExchangeChoice.bucketSizes))
    }

    @Test("stays with the first way if others are faster by no more than noise")
    func noise() throws {
        let choice = try choose(ExchangeOptions()) { $0.path == .memory && $0.bucketBytes == 1 << 20 ? 1 : 0.96 }
        #expect(choice.candidate == ExchangeCandidate(path: .memory, bucketBytes: 1 << 20))
    }

    @Test("counts the shortest of three means")
    func repetitions() throws {
        var count = 0
        let choice = try choose(ExchangeOptions(bucketBytes: 1 << 20)) { candidate in
            count += 1
            return candidate.path == .network ? 2e-3 : count == 2 ? 1e-3 : 9e-3
        }
        #expect(count == 6 && choice.candidate.path == .memory && choice.measured[0].seconds == 1e-3)
        #expect(
            "\(choice)" == "means through shared memory in buckets of 1 MiB: 1.0 ms for 4 MiB, 2.0 ms over the network"
        )
    }

    @Test("tries every path once, and no more when that took too long")
    func budget() throws {
        var tried: [ExchangeCandidate] = []
        let choice = try choose(ExchangeOptions()) { candidate in
            tried.append(candidate)
            return candidate.path == .network ? 0.5 : 0.6
        }
        #expect(tried.map(\.path) == [.memory, .network] && choice.candidate.path == .network)
    }

    @Test("tries nothing where the options leave nothing open")
    func forced() throws {
        let options = ExchangeOptions(path: .network, bucketBytes: 768 << 10)
        let choice = try choose(options) { _ throws(CommunicationError) in throw .closed }
        #expect(choice.candidate == ExchangeCandidate(path: .network, bucketBytes: 768 << 10))
        #expect("\(choice)" == "means over the network in buckets of 768 KiB")
    }

    @Test("takes a path that is there if the one asked for is not")
    func missingPath() throws {
        let options = ExchangeOptions(path: .memory, bucketBytes: 1 << 20)
        #expect(try choose(options, available: [.network]) { _ in 1 }.candidate.path == .network)
    }

    @Test("measures no buckets where a codec's rounding may depend on them")
    func lossy() throws {
        let options = ExchangeOptions(path: .memory, compression: Int8BlockCompression())
        #expect(
            try choose(options) { _ throws(CommunicationError) in throw .closed }.candidate.bucketBytes
                == ExchangeChoice.bucketSizes[0]
        )
    }

    @Test("is rank 0's, and all ranks try the same")
    func agreement() throws {
        var agreed: [Double] = []
        var tried: [[ExchangeCandidate]] = [[], []]
        let first = try ExchangeChoice.choose(
            ExchangeOptions(),
            available: [.memory, .network],
            measure: { candidate throws(CommunicationError) in
                tried[0].append(candidate)
                return candidate.path == .memory ? 0.02 : 0.01
            },
            agree: { seconds throws(CommunicationError) in
                agreed.append(seconds)
                return seconds
            }
        )
        var place = 0
        let second = try ExchangeChoice.choose(
            ExchangeOptions(),
            available: [.memory, .network],
            measure: { candidate throws(CommunicationError) in
                tried[1].append(candidate)
                return candidate.path == .memory ? 0.001 : 0.5
            },
            agree: { _ throws(CommunicationError) in
                place += 1
                return agreed[place - 1]
            }
        )
        #expect(first == second && tried[0] == tried[1] && first.candidate.path == .network)
    }

    private func choose(
        _ options: ExchangeOptions,
        available: [ExchangePath] = [.memory, .network],
        _ measure: (ExchangeCandidate) throws(CommunicationError) -> Double
    ) throws(CommunicationError) -> ExchangeChoice {
        try ExchangeChoice.choose(
            options,
            available: available,
            measure: measure,
            agree: { seconds throws(CommunicationError) in seconds }
        )
    }
}
