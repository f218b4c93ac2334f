import Buffers
import Communication
import Configs
import TestSupport
import Testing

@testable import Training

/// A rank of a group that never exchanges anything.
private final class FixedRank: Communicator {
    let rank: Int
    let size: Int

    init(_ rank: Int, of size: Int) {
        self.rank = rank
        self.size = size
    }
}

extension FixedRank {
    func startMean(
        of buffer: FlatBuffer,
        weight: Float,
        round: UInt64
    ) throws(CommunicationError) -> any PendingMean {
        FinishedMean(MeanReport(totalWeight: Double(weight), contributors: 1))
    }

    func broadcast(_ buffer: FlatBuffer, from root: Int) throws(CommunicationError) {}

    func broadcast(_ bytes: [UInt8], from root: Int) throws(CommunicationError) -> [UInt8] { bytes }

    func barrier() throws(CommunicationError) {}
}

@Suite("Scheduled work")
struct ScheduledWorkTests {
    @Test("the ranks of any group cover every sample of every batch exactly once")
    func ranksCoverEverything() throws {
        forAll(seeds: 200) { random in
            let size = random.int(1...9)
            let batch = random.int(1...40)
            let planned = UInt64(random.int(1...300))
            let ranks = (0..<size).map { rank in
                ScheduledWork(
                    FixedRank(rank, of: size),
                    batch: batch,
                    from: Progress(plannedSamples: planned),
                    until: StopSignal()
                )
            }
            var next: UInt64 = 0
            while let first = try ranks[0].next() {
                let works = try [first] + ranks.dropFirst().compactMap { try $0.next() }
                #expect(works.count == size)
                #expect(works.allSatisfy { $0.globalSamples == first.globalSamples })
                for range in works.flatMap(\.samples) {
                    #expect(range.lowerBound == next)
                    next = range.upperBound
                }
                #expect(next == first.globalSamples.upperBound)
                let report = StepReport(progress: Progress(plannedSamples: planned), loss: 0)
                for (rank, work) in zip(ranks, works) { try rank.complete(work, report) }
            }
            #expect(next == planned)
        }
    }

    @Test("a stop ends the schedule before the next batch")
    func stopEndsTheSchedule() throws {
        let stop = StopSignal()
        let work = ScheduledWork(SingleCommunicator(), batch: 4, from: Progress(plannedSamples: 100), until: stop)
        #expect(try work.next()?.globalSamples == 0..<4)
        stop.set()
        #expect(try work.next() == nil)
    }
}
