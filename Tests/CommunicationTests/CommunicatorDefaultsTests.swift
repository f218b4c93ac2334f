import Buffers
import Testing

@testable import Communication

@Suite("What any group can do with broadcasts alone")
struct CommunicatorDefaultsTests {
    @Test("even parts cover a buffer without overlap and start at whole cache lines", arguments: [0, 1, 15, 16, 1000])
    func parts(count: Int) {
        let parts = LocalGroup(size: 3).member(1).evenParts(of: count)
        #expect(parts.count == 3)
        #expect(parts.flatMap { Array($0) } == Array(0..<count))
        #expect(parts.allSatisfy { $0.isEmpty || $0.lowerBound % 16 == 0 })
    }

    @Test("sums are added in the order of ranks, and are the same bits on all")
    func sums() async throws {
        let group = LocalGroup(size: 3)
        let results = try await onThreads(3) { rank in
            try? group.member(rank).sum([0.1 * Double(rank + 1), Double(rank)])
        }
        #expect(results.allSatisfy { $0 == [0.1 * 1 + 0.1 * 2 + 0.1 * 3, 3] })
    }

    @Test("gathered parts are in everybody's buffer")
    func gathered() async throws {
        let group = LocalGroup(size: 3)
        let results = try await onThreads(3) { rank -> [Float] in
            let member = group.member(rank)
            let buffer = FlatBuffer([Float](repeating: Float(rank), count: 40))
            try? member.gather(buffer, parts: [0..<16, 16..<16, 16..<40])
            return buffer.floats
        }
        let expected = (0..<40).map { Float($0 < 16 ? 0 : 2) }
        #expect(results.allSatisfy { $0 == expected })
    }

    @Test("a mean that is delivered range after range is the mean")
    func opened() async throws {
        let group = LocalGroup(size: 2)
        let results = try await onThreads(2) { rank -> [Float] in
            let buffer = FlatBuffer([Float(rank), 4])
            let mean = try? group.member(rank).openMean(of: buffer, weight: rank == 0 ? 1 : 3, round: 1)
            mean?.deliver(1..<2)
            mean?.deliver(0..<1)
            let report = try? mean?.wait()
            return report?.totalWeight == 4 ? buffer.floats : []
        }
        #expect(results == [[0.75, 4], [0.75, 4]])
    }
}
