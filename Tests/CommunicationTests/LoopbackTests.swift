import Buffers
import Logging
import NIOCore
import NIOPosix
import Testing

@testable import Communication

/// Runs a body on as many plain threads as there are members and returns what they answer.
func onThreads<Result: Sendable>(_ count: Int, _ body: @escaping @Sendable (Int) -> Result) async throws -> [Result] {
    let pool = NIOThreadPool(numberOfThreads: count)
    pool.start()
    let results = try await withThrowingTaskGroup(of: (Int, Result).self) { group in
        for index in 0..<count {
            group.addTask { (index, try await pool.runIfActive { body(index) }) }
        }
        var results: [Int: Result] = [:]
        for try await (index, result) in group { results[index] = result }
        return (0..<count).compactMap { results[$0] }
    }
    try await pool.shutdownGracefully()
    return results
}

@Suite("Peers over real sockets")
struct LoopbackTests {
    private enum Answer: Sendable {
        case mean([Float], MeanReport)
        case error(CommunicationError)
    }

    private static func network() throws -> PeerNetwork {
        try PeerNetwork(host: "127.0.0.1", logger: Logger(label: "test"))
    }

    private static func mean(
        _ authority: LocalAuthority,
        rank: Int,
        network: PeerNetwork,
        values: [Float],
        rounds: Int = 1,
        dialledOnly: Bool = false,
        compression: any Compression = SmallParts()
    ) -> Answer {
        let member = LocalMember(authority, id: "w\(rank)", port: dialledOnly && rank != 0 ? 0 : network.port)
        let communicator = PeerCommunicator(
            id: "w\(rank)",
            network: network,
            authority: member,
            compression: compression
        )
        let buffer = FlatBuffer(values)
        do throws(CommunicationError) {
            var report = MeanReport(totalWeight: 0, contributors: 0)
            for round in 0..<rounds {
                report = try communicator.mean(of: buffer, weight: Float(rank + 1), round: UInt64(round))
            }
            return .mean(buffer.floats, report)
        } catch {
            return .error(error)
        }
    }

    @Test("hold the same bits of the weighted mean", arguments: 1...5)
    func means(size: Int) async throws {
        let authority = LocalAuthority((0..<size).map { "w\($0)" })
        let networks = try (0..<size).map { _ in try Self.network() }
        let values = (0..<size).map { Example.values(6000, seed: UInt64($0)) }
        let answers = try await onThreads(size) {
            Self.mean(authority, rank: $0, network: networks[$0], values: values[$0], rounds: 2)
        }
        let weights = (0..<size).map { Double($0 + 1) }
        let expected = Example.mean(values, weights)
        for answer in answers {
            guard case .mean(let mean, let report) = answer, case .mean(let first, _) = answers[0] else {
                Issue.record("\(answer)")
                continue
            }
            #expect(report.isComplete && report.totalWeight == weights.reduce(0, +) && report.contributors == size)
            #expect(mean.bits == first.bits)
            #expect(zip(mean, expected).allSatisfy { abs(Double($0) - $1) < 1e-5 })
            // Parts of 256 bytes have headers of 32.
            let bytes = 2 * (size - 1) * 4 * 6000 / size * 9 / 8
            #expect(abs(Int(report.bytesSent) - bytes) <= 2000, "\(report.bytesSent) bytes instead of \(bytes)")
        }
        for network in networks { network.close() }
    }

    @Test("exchange parts of many sizes", arguments: [0, 1, 1023, 5000, 262_144, 400_001])
    func sizes(count: Int) async throws {
        let authority = LocalAuthority(["w0", "w1"])
        let networks = try (0..<2).map { _ in try Self.network() }
        let answers = try await onThreads(2) { rank in
            let values = [Float](repeating: Float(rank), count: count)
            return Self.mean(
                authority,
                rank: rank,
                network: networks[rank],
                values: values,
                compression: Float32Compression()
            )
        }
        for answer in answers {
            guard case .mean(let mean, _) = answer else { Issue.record("\(answer)"); continue }
            #expect(mean == [Float](repeating: 2.0 / 3, count: count))
        }
        for network in networks { network.close() }
    }

    @Test("find each other when only one of them can be dialled")
    func oneDiallable() async throws {
        let authority = LocalAuthority(["w0", "w1"])
        let networks = try (0..<2).map { _ in try Self.network() }
        let answers = try await onThreads(2) {
            Self.mean(authority, rank: $0, network: networks[$0], values: [Float($0), 2], dialledOnly: true)
        }
        for answer in answers {
            guard case .mean(let mean, _) = answer else { Issue.record("\(answer)"); continue }
            #expect(mean == [2.0 / 3, 2])
        }
        for network in networks { network.close() }
    }

    @Test("go on without a member that dies in the middle of a round")
    func death() async throws {
        let authority = LocalAuthority((0..<4).map { "w\($0)" })
        let networks = try (0..<4).map { _ in try Self.network() }
        let values = (0..<4).map { Example.values(6000, seed: UInt64($0)) }
        let answers = try await onThreads(4) { rank in
            guard rank == 2 else {
                return Self.mean(authority, rank: rank, network: networks[rank], values: values[rank])
            }
            return Self.die(authority, rank: rank, network: networks[rank], values: values[rank])
        }
        let survivors = [0, 1, 3]
        let expected = Example.mean(survivors.map { values[$0] }, survivors.map { Double($0 + 1) })
        for rank in survivors {
            guard case .mean(let mean, let report) = answers[rank] else { Issue.record("\(answers[rank])"); continue }
            #expect(report.totalWeight == 7 && report.lost == ["w2"])
            #expect(zip(mean, expected).allSatisfy { abs(Double($0) - $1) < 1e-5 })
        }
        for network in networks { network.close() }
    }

    /// Begins an exchange and dies once the first frame has come.
    private static func die(_ authority: LocalAuthority, rank: Int, network: PeerNetwork, values: [Float]) -> Answer {
        let member = RoundMember(id: "w\(rank)", host: "127.0.0.1", port: network.port, weight: Double(rank + 1))
        guard case .again(let group) = authority.join(member, round: 0),
            let links = try? network.open(group, rank: rank)
        else { return .error(.closed) }
        _ = links.events.takeAll(within: .seconds(30))
        network.close()
        authority.bury("w\(rank)", round: 0)
        return .error(.closed)
    }

    @Test("stop waiting when their network is closed")
    func stop() async throws {
        let authority = LocalAuthority(["w0", "w1"])
        let network = try Self.network()
        let answers = try await onThreads(2) { rank -> Answer in
            guard rank == 1 else { return Self.mean(authority, rank: rank, network: network, values: [1, 2]) }
            // The other member joins and then never connects; the first one's network is closed meanwhile.
            _ = authority.join(RoundMember(id: "w1", host: "127.0.0.1", port: 0, weight: 2), round: 0)
            network.close()
            return .error(.closed)
        }
        guard case .error(.closed) = answers[0] else { Issue.record("\(answers[0])"); return }
    }

    @Test("refuse ports that are taken, in one sentence")
    func takenPort() throws {
        let network = try Self.network()
        do throws(CommunicationError) {
            _ = try PeerNetwork(host: "127.0.0.1", port: network.port, logger: Logger(label: "test"))
            Issue.record("two networks on one port")
        } catch {
            #expect(error.description.hasPrefix("cannot listen on 127.0.0.1:\(network.port) ("))
            #expect(error.description.hasSuffix("; choose a free port or an address of this machine"))
        }
        network.close()
    }
}
