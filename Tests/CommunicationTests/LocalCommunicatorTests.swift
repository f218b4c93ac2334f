import Buffers
import Testing

@testable import Communication

@Suite("Threads of one process")
struct LocalCommunicatorTests {
    @Test("form a weighted mean with the same bits, again and again", arguments: 1...4)
    func means(size: Int) async throws {
        let group = LocalGroup(size: size)
        let values = (0..<size).map { Example.values(1000, seed: UInt64($0)) }
        let results = try await onThreads(size) { rank -> [[Float]] in
            let member = group.member(rank)
            let buffer = FlatBuffer(values[rank])
            return (0..<3).map { round in
                _ = try? member.mean(of: buffer, weight: Float(rank + 1), round: UInt64(round))
                return buffer.floats
            }
        }
        let expected = Example.mean(values, (0..<size).map { Double($0 + 1) })
        for result in results {
            #expect(result == results[0])
            #expect(zip(result[0], expected).allSatisfy { abs(Double($0) - $1) < 1e-5 })
        }
    }

    @Test("leave out who withdrew, and change nothing when all did")
    func withdrawal() async throws {
        let group = LocalGroup(size: 2)
        let results = try await onThreads(2) { rank -> [[Float]] in
            let member = group.member(rank)
            let buffer = FlatBuffer([rank == 0 ? .nan : 3])
            _ = try? member.mean(of: buffer, weight: Float(rank), round: 0)
            let first = buffer.floats
            buffer.fill(Float(rank))
            let report = try? member.mean(of: buffer, weight: 0, round: 1)
            return [first, buffer.floats, [Float(report?.totalWeight ?? -1)]]
        }
        #expect(results == [[[3], [0], [0]], [[3], [1], [0]]])
    }

    @Test("are all told that one's values are not finite, and can go on")
    func notFinite() async throws {
        let group = LocalGroup(size: 3)
        let results = try await onThreads(3) { rank -> (CommunicationError?, [Float]) in
            let member = group.member(rank)
            let buffer = FlatBuffer([rank == 1 ? .infinity : 3])
            var found: CommunicationError?
            do throws(CommunicationError) {
                let mean = try member.openMean(of: buffer, weight: 1, round: 7)
                mean.deliver(0..<1)
                _ = try mean.wait()
            } catch {
                found = error
            }
            buffer.fill(Float(rank))
            _ = try? member.mean(of: buffer, weight: 1, round: 8)
            return (found, buffer.floats)
        }
        for result in results { #expect(result == (.notFinite(round: 7), [1])) }
    }

    @Test("share the root's values and bytes")
    func broadcasts() async throws {
        let group = LocalGroup(size: 3)
        let results = try await onThreads(3) { rank -> ([Float], [UInt8]) in
            let member = group.member(rank)
            let buffer = FlatBuffer([Float(rank), 5])
            try? member.barrier()
            try? member.broadcast(buffer, from: 2)
            return (buffer.floats, (try? member.broadcast([UInt8(rank)], from: 1)) ?? [])
        }
        for result in results { #expect(result.0 == [2, 5] && result.1 == [1]) }
    }

    @Test("do not wait for a member that left")
    func departure() async throws {
        let group = LocalGroup(size: 3)
        let errors = try await onThreads(3) { rank -> CommunicationError? in
            let member = group.member(rank)
            guard rank != 1 else { return nil }
            do throws(CommunicationError) {
                try member.barrier()
                return nil
            } catch {
                return error
            }
        }
        // The first to leave is named; the others fail and leave in their turn.
        #expect(errors[0] == .memberFailed(rank: 1) && errors[2] == .memberFailed(rank: 1))
    }

    @Test("are told when they make different calls or bring different counts")
    func mistakes() async throws {
        let group = LocalGroup(size: 2)
        let errors = try await onThreads(2) { rank -> [CommunicationError] in
            let member = group.member(rank)
            let buffer = FlatBuffer(count: rank + 1)
            var errors: [CommunicationError] = []
            do throws(CommunicationError) { try member.mean(of: buffer, weight: 1, round: 0) } catch {
                errors.append(error)
            }
            do throws(CommunicationError) {
                if rank == 0 { try member.broadcast(buffer, from: 0) } else { _ = try member.broadcast([], from: 0) }
            } catch {
                errors.append(error)
            }
            return errors
        }
        for errors in errors { #expect(errors == [.countMismatch(expected: 1, found: 2), LocalGroup.mixedCalls]) }
    }
}

@Suite("A group of one")
struct SingleCommunicatorTests {
    @Test("keeps its values and checks its arguments")
    func alone() throws {
        let single = SingleCommunicator()
        let buffer = FlatBuffer([1, 2])
        let report = try single.mean(of: buffer, weight: 8, round: 0)
        #expect(report.isComplete && report.totalWeight == 8 && report.contributors == 1)
        #expect(buffer.floats == [1, 2])
        #expect(try single.mean(of: buffer, weight: 0, round: 1).totalWeight == 0)
        #expect(try single.broadcast([7], from: 0) == [7])
        try single.broadcast(buffer, from: 0)
        try single.barrier()
        #expect(throws: CommunicationError.invalidWeight(-1)) { try single.mean(of: buffer, weight: -1, round: 2) }
        #expect(throws: CommunicationError.self) { try single.mean(of: buffer, weight: .nan, round: 2) }
        #expect(throws: CommunicationError.rankOutOfRange(rank: 1, size: 1)) { try single.broadcast(buffer, from: 1) }
    }
}
