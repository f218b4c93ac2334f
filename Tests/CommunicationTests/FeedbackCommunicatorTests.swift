import Buffers
import Logging
import Testing

@testable import Communication

/// A group of one whose means are not complete at first.
private final class Reluctant: Communicator {
    let rank = 0
    let size = 1
    private var failures: Int

    init(failures: Int) { self.failures = failures }

    func startMean(
        of buffer: FlatBuffer,
        weight: Float,
        round: UInt64
    ) throws(CommunicationError) -> any PendingMean {
        failures -= 1
        return FinishedMean(MeanReport(totalWeight: Double(weight), contributors: 1, isComplete: failures < 0))
    }

    func broadcast(_ buffer: FlatBuffer, from root: Int) throws(CommunicationError) {}

    func broadcast(_ bytes: [UInt8], from root: Int) throws(CommunicationError) -> [UInt8] { bytes }

    func barrier() throws(CommunicationError) {}
}

@Suite("A group with error feedback")
struct FeedbackCommunicatorTests {
    private static let count = 10_000
    private static let codec = TopKCompression(kept: 64)

    private static func values(_ rank: Int, _ round: UInt64) -> [Float] {
        CodecInput.normal(count, seed: UInt64(rank) << 32 | round)
    }

    @Test("keeps values and residual while a mean is not complete, and then sends the same")
    func incomplete() throws {
        let group = FeedbackCommunicator(Reluctant(failures: 2), Self.codec, decay: 1, count: Self.count)
        let plain = FeedbackCommunicator(SingleCommunicator(), Self.codec, decay: 1, count: Self.count)
        let buffer = FlatBuffer(Self.values(0, 1))
        for _ in 0..<2 {
            #expect(try !group.mean(of: buffer, weight: 3, round: 1).isComplete)
            #expect(buffer.floats == Self.values(0, 1))
            #expect(group.feedback.residual.floats.allSatisfy { $0 == 0 })
        }
        let expected = FlatBuffer(Self.values(0, 1))
        try plain.mean(of: expected, weight: 3, round: 1)
        #expect(try group.mean(of: buffer, weight: 3, round: 1).isComplete)
        #expect(buffer.floats == expected.floats && buffer.floats.count { $0 != 0 } <= 64 * 3)
        #expect(group.feedback.residual.floats == plain.feedback.residual.floats)
    }

    @Test("leaves out who withdraws, and keeps its residual")
    func withdrawn() async throws {
        let group = LocalGroup(size: 2)
        let results = try await onThreads(2) { rank -> ([Float], [Float], [Float])? in
            let member = FeedbackCommunicator(group.member(rank), Self.codec, decay: 1, count: Self.count)
            let first = FlatBuffer(Self.values(rank, 1))
            let second = FlatBuffer(Self.values(rank, 2))
            guard (try? member.mean(of: first, weight: 1, round: 1)) != nil else { return nil }
            let residual = member.feedback.residual.floats
            guard (try? member.mean(of: second, weight: rank == 0 ? 0 : 1, round: 2)) != nil else { return nil }
            return (second.floats, residual, member.feedback.residual.floats)
        }
        let (first, second) = (try #require(results[0]), try #require(results[1]))
        #expect(first.0 == second.0 && first.0.count { $0 != 0 } <= 64 * 3)
        #expect(first.1 == first.2 && second.1 != second.2)
    }

    @Test("tells all members together that values cannot be used, and goes on")
    func unusable() async throws {
        let group = LocalGroup(size: 2)
        let results = try await onThreads(2) { rank -> (CommunicationError?, [Float], [Float]) in
            let member = FeedbackCommunicator(group.member(rank), Self.codec, decay: 1, count: Self.count)
            var error: CommunicationError?
            let buffer = FlatBuffer(Self.values(rank, 1))
            if rank == 1 { buffer.withMutableFloats { $0[77] = .nan } }
            do throws(CommunicationError) {
                let open = try member.openMean(of: buffer, weight: 1, round: 1)
                open.deliver(0..<Self.count)
                _ = try open.wait()
            } catch let thrown {
                error = thrown
            }
            let residual = member.feedback.residual.floats
            let next = FlatBuffer(Self.values(rank, 2))
            _ = try? member.mean(of: next, weight: 1, round: 2)
            return (error, residual, next.floats)
        }
        for result in results {
            #expect(result.0 == .notFinite(round: 1) && result.1.allSatisfy { $0 == 0 })
            #expect(result.2 == results[0].2 && result.2.contains { $0 != 0 })
        }
    }

    @Test("leads to the minimum from where signs alone cancel", arguments: [1, 0] as [Float])
    func signs(decay: Float) async throws {
        let group = LocalGroup(size: 2)
        let results = try await onThreads(2) { rank -> [Float] in
            let codec = OneBitCompression()
            let member = FeedbackCommunicator(group.member(rank), codec, decay: decay, count: 256)
            // One worker would go to -1 where the other goes to 3: the minimum of both is 1.
            let target = (0..<256).map { Float(($0 + rank) % 2 == 0 ? -1 : 3) }
            let (parameters, gradient) = (FlatBuffer(count: 256), FlatBuffer(count: 256))
            for round in 0..<400 as Range<UInt64> {
                gradient.copy(from: parameters)
                gradient.add(FlatBuffer(target), scale: -1)
                guard (try? member.mean(of: gradient, weight: 1, round: round)) != nil else { return [] }
                parameters.add(gradient, scale: -0.02)
            }
            return parameters.floats
        }
        #expect(results[0] == results[1] && results[0].count == 256)
        // Without a residual the means are 0 for ever.
        #expect(results[0].allSatisfy { decay == 1 ? abs($0 - 1) < 0.1 : $0 == 0 })
    }

    @Test("sends peers the codec's bytes and nothing that is not in the residual", arguments: [0, 1])
    func peers(index: Int) async throws {
        let codec: any Compression = index == 0 ? OneBitCompression() : Self.codec
        let authority = LocalAuthority(["w0", "w1"])
        let networks = try (0..<2).map { _ in try PeerNetwork(host: "127.0.0.1", logger: Logger(label: "test")) }
        let results = try await onThreads(2) { rank -> ([Float], [Float], UInt64)? in
            let peer = PeerCommunicator(
                id: "w\(rank)",
                network: networks[rank],
                authority: LocalMember(authority, id: "w\(rank)", port: networks[rank].port),
                compression: codec
            )
            let member = FeedbackCommunicator(peer, codec, decay: 1, count: Self.count)
            var sum = [Float](repeating: 0, count: Self.count)
            var bytes: UInt64 = 0
            for round in 0..<3 as Range<UInt64> {
                let buffer = FlatBuffer(Self.values(rank, round))
                guard let report = try? member.mean(of: buffer, weight: 1, round: round) else { return nil }
                for (index, value) in buffer.floats.enumerated() { sum[index] += value }
                bytes += report.bytesSent
            }
            return (sum, member.feedback.residual.floats, bytes)
        }
        let (first, second) = (try #require(results[0]), try #require(results[1]))
        #expect(first.0.bits == second.0.bits)
        var came = [Float](repeating: 0, count: Self.count)
        for round in 0..<3 as Range<UInt64> {
            for (index, pair) in zip(Self.values(0, round), Self.values(1, round)).enumerated() {
                came[index] += (pair.0 + pair.1) / 2
            }
        }
        // Three means in bytes of a scale, whose peak is below 5.
        let lost = came.indices.map { came[$0] - first.0[$0] - (first.1[$0] + second.1[$0]) / 2 }
        #expect(lost.allSatisfy { abs($0) <= 3 * 5 / 254 })
        for network in networks { network.close() }
        // Contributions and means of half the values, three times, with headers.
        let most = codec.maximumSize(of: Self.count) + codec.forMean.maximumSize(of: Self.count)
        #expect(first.2 > 0 && first.2 < 3 * UInt64(most))
    }
}
