import Buffers
import Testing

@testable import Communication

@Suite("Groups inside that meet outside")
struct HierarchicalCommunicatorTests {
    /// What one member ended with.
    private struct Ending: Sendable, Equatable {
        var values: [Float]
        var report: MeanReport?
        var error: CommunicationError?
    }

    /// Worlds of these sizes, each of which brings its rank 0 to a group outside; answers by world and rank.
    private func means(
        _ sizes: [Int],
        rounds: UInt64 = 1,
        _ part: @escaping @Sendable (_ world: Int, _ rank: Int) -> (values: [Float], weight: Float)
    ) async throws -> [[Ending]] {
        let outside = LocalGroup(size: sizes.count)
        let worlds = sizes.map { LocalGroup(size: $0) }
        let places = sizes.indices.flatMap { world in (0..<sizes[world]).map { (world, $0) } }
        let endings = try await onThreads(places.count) { index -> Ending in
            let (world, rank) = places[index]
            let member = HierarchicalCommunicator(
                inside: worlds[world].member(rank),
                outside: rank == 0 ? outside.member(world) : nil
            )
            let (values, weight) = part(world, rank)
            return run(member, values, weight, rounds)
        }
        return sizes.indices.map { world in
            places.indices.filter { places[$0].0 == world }.map { endings[$0] }
        }
    }

    private func run(_ member: any Communicator, _ values: [Float], _ weight: Float, _ rounds: UInt64) -> Ending {
        let buffer = FlatBuffer(values)
        var ending = Ending(values: [])
        do throws(CommunicationError) {
            for round in 0..<rounds { ending.report = try member.mean(of: buffer, weight: weight, round: round) }
        } catch {
            ending.error = error
        }
        ending.values = buffer.floats
        return ending
    }

    @Test("form the mean of all members with the same bits, again and again", arguments: [[1, 1], [2, 1], [3, 2]])
    func all(sizes: [Int]) async throws {
        let values = sizes.map { size in (0..<size).map { Example.values(500, seed: UInt64(10 * size + $0)) } }
        let endings = try await means(sizes, rounds: 3) { (values[$0][$1], Float($0 + $1 + 1)) }
        let flat = values.flatMap { $0 }
        let weights = sizes.indices.flatMap { world in (0..<sizes[world]).map { Double(world + $0 + 1) } }
        let expected = Example.mean(flat, weights)
        let found = endings.flatMap { $0 }
        for ending in found {
            #expect(ending.values == found[0].values && ending.error == nil)
            #expect(ending.report?.totalWeight == weights.reduce(0, +) && ending.report?.isComplete == true)
            #expect(ending.report?.contributors == sizes.count)
            // Sums of at most 5 values below 4 in single precision, three times over.
            #expect(zip(ending.values, expected).allSatisfy { abs(Double($0) - $1) < 1e-5 })
        }
    }

    @Test("leave out ranks and whole worlds that withdrew")
    func withdrawn() async throws {
        let ranks = try await means([2, 1]) { world, rank in
            world == 0 && rank == 1 ? ([.nan], 0) : ([Float(world + 1)], world == 0 ? 2 : 6)
        }
        for ending in ranks.flatMap({ $0 }) {
            #expect(ending.values == [1.75] && ending.report?.totalWeight == 8)
        }
        let worlds = try await means([2, 1]) { world, _ in world == 0 ? ([.nan, 1], 0) : ([3, 4], 5) }
        for ending in worlds.flatMap({ $0 }) {
            #expect(ending.values == [3, 4] && ending.report?.totalWeight == 5 && ending.report?.contributors == 1)
        }
        let nobody = try await means([2, 1]) { world, rank in ([Float(world), Float(rank)], 0) }
        #expect(nobody.map { $0.map(\.values) } == [[[0, 0], [0, 1]], [[1, 0]]])
        #expect(nobody.flatMap { $0 }.allSatisfy { $0.report?.totalWeight == 0 })
    }

    @Test("refuse values that are not finite on all ranks, which can go on")
    func notFinite() async throws {
        let world = LocalGroup(size: 2)
        let endings = try await onThreads(2) { rank -> [Ending] in
            let outside = rank == 0 ? SingleCommunicator() : nil
            let member = HierarchicalCommunicator(inside: world.member(rank), outside: outside)
            return [run(member, [rank == 1 ? .infinity : 1], 1, 1), run(member, [Float(rank)], 1, 1)]
        }
        for ending in endings {
            #expect(ending[0].error == .notFinite(round: 0))
            #expect(ending[1].values == [0.5])
        }
    }

    @Test("keep their values if the mean outside is incomplete, and form it later")
    func incomplete() async throws {
        let world = LocalGroup(size: 2)
        let endings = try await onThreads(2) { rank -> [Ending] in
            let script: [ScriptedOutside.Line] = [.incomplete(lost: ["ada", "bob"]), .complete(adding: 1)]
            let outside = rank == 0 ? ScriptedOutside(script) : nil
            let member = HierarchicalCommunicator(inside: world.member(rank), outside: outside)
            let buffer = FlatBuffer([Float(rank), 3])
            return (0..<2).map { round in
                let report = try? member.mean(of: buffer, weight: 1, round: UInt64(round))
                return Ending(values: buffer.floats, report: report)
            }
        }
        for (rank, ending) in endings.enumerated() {
            #expect(ending[0].values == [Float(rank), 3] && ending[0].report?.isComplete == false)
            #expect(ending[0].report?.lost == ["ada", "bob"])
            #expect(ending[1].values == [1.5, 4] && ending[1].report?.totalWeight == 2)
        }
        #expect(endings[0][1].report == endings[1][1].report)
    }

    @Test("hear on every rank that rank 0 failed outside, and can go on")
    func failure() async throws {
        let world = LocalGroup(size: 3)
        let endings = try await onThreads(3) { rank -> [Ending] in
            let outside = rank == 0 ? ScriptedOutside([.failure(.closed), .complete(adding: 0)]) : nil
            let member = HierarchicalCommunicator(inside: world.member(rank), outside: outside)
            return [run(member, [Float(rank)], 1, 1), run(member, [Float(rank)], 1, 1)]
        }
        let reason = CommunicationError.closed.description
        #expect(endings.map { $0[0].error } == [.closed, .outside(reason: reason), .outside(reason: reason)])
        #expect(endings.map { $0[0].values } == [[0], [1], [2]])
        #expect(endings.allSatisfy { $0[1].values == [1] })
    }

    @Test("keep broadcasts, sums and parts inside")
    func inside() async throws {
        let world = LocalGroup(size: 2)
        let answers = try await onThreads(2) { rank -> [Float] in
            let outside = rank == 0 ? ScriptedOutside([]) : nil
            let member = HierarchicalCommunicator(inside: world.member(rank), outside: outside)
            let buffer = member.makeBuffer(count: 2)
            buffer.fill(Float(rank + 1))
            try? member.gather(buffer, parts: [0..<1, 1..<2])
            let gathered = buffer.floats
            try? member.broadcast(buffer, from: 1)
            let bytes = (try? member.broadcast([UInt8(rank)], from: 1)) ?? []
            let sum = (try? member.sum([Double(rank + 1)])) ?? []
            try? member.barrier()
            return gathered + bytes.map(Float.init) + sum.map(Float.init) + [Float(member.rank), Float(member.size)]
        }
        #expect(answers == [[1, 2, 1, 3, 0, 2], [1, 2, 1, 3, 1, 2]])
    }
}

/// A group outside that answers means as a script says.
private final class ScriptedOutside: Communicator {
    enum Line {
        case complete(adding: Float)
        case incomplete(lost: [String])
        case failure(CommunicationError)
    }

    let rank = 0
    let size = 1
    private var lines: [Line]

    init(_ lines: [Line]) {
        self.lines = lines.reversed()
    }

    func startMean(
        of buffer: FlatBuffer,
        weight: Float,
        round: UInt64
    ) throws(CommunicationError) -> any PendingMean {
        switch lines.popLast() {
        case .complete(let difference):
            buffer.withMutableFloats { for index in $0.indices { $0[index] += difference } }
            return FinishedMean(MeanReport(totalWeight: Double(weight), contributors: 1))
        case .incomplete(let lost):
            var report = MeanReport(totalWeight: 0, contributors: 0, isComplete: false, seconds: 0.5)
            report.lost = lost
            return FinishedMean(report)
        case .failure(let error): throw error
        case nil: throw .closed
        }
    }

    func broadcast(_ buffer: FlatBuffer, from root: Int) throws(CommunicationError) { throw .closed }
    func broadcast(_ bytes: [UInt8], from root: Int) throws(CommunicationError) -> [UInt8] { throw .closed }
    func barrier() throws(CommunicationError) { throw .closed }
}
