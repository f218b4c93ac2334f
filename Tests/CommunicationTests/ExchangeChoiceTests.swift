import Buffers
import Testing

@testable import Communication

@Suite("The choice of the way of means")
struct ExchangeChoiceTests {
    @Test("names the way, its time and that of the other path")
    func measured() {
        let usual = ExchangeWay(path: .memory, bucket: 4 << 20)
        let choice = ExchangeChoice(
            ExchangeWay(path: .memory, bucket: 1 << 20),
            trialBytes: 16 << 20,
            trials: [
                .init(usual, seconds: 6e-3), .init(ExchangeWay(path: .network, bucket: 4 << 20), seconds: 9.254e-3),
                .init(ExchangeWay(path: .memory, bucket: 1 << 20), seconds: 5.1e-3),
            ]
        )
        #expect(
            "\(choice)"
                == "means go through shared memory in buckets of 1MiB: 5.1 ms for 16.0 MiB, 9.25 ms by messages"
        )
    }

    @Test("says that nothing was measured where nothing was left open")
    func forced() {
        let choice = ExchangeChoice(ExchangeWay(path: .network, bucket: 768 << 10))
        #expect("\(choice)" == "means go by messages in buckets of 768KiB; there was nothing to compare")
    }

    @Test("is not made by groups that know one way, and by the group inside of two")
    func groups() throws {
        let single = SingleCommunicator()
        #expect(try single.chooseExchange(count: 5) == nil)
        let inside = Choosing()
        let both = HierarchicalCommunicator(inside: inside, outside: single)
        #expect(try both.chooseExchange(count: 5) == inside.choice && inside.counts == [5])
    }
}

/// A group of one that has a choice.
private final class Choosing: Communicator {
    let (rank, size) = (0, 1)
    let choice = ExchangeChoice(ExchangeWay(path: .memory, bucket: 1 << 20))
    private(set) var counts: [Int] = []
    private let single = SingleCommunicator()

    func startMean(
        of buffer: FlatBuffer,
        weight: Float,
        round: UInt64
    ) throws(CommunicationError) -> any PendingMean {
        try single.startMean(of: buffer, weight: weight, round: round)
    }

    func broadcast(_ buffer: FlatBuffer, from root: Int) throws(CommunicationError) {}

    func broadcast(_ bytes: [UInt8], from root: Int) throws(CommunicationError) -> [UInt8] { bytes }

    func barrier() throws(CommunicationError) {}

    func chooseExchange(count: Int) throws(CommunicationError) -> ExchangeChoice? {
        counts.append(count)
        return choice
    }
}
