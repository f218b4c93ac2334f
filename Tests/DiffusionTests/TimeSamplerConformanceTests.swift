import Buffers
import Configs
import Diffusion
import TestSupport
import Testing

/// The noise levels of samples `ids`.
func times(
    _ sampler: any TimeSampler,
    _ ids: Range<UInt64>,
    _ schedule: any NoiseSchedule = RectifiedFlow(),
    seed: UInt64 = 1
) -> [Double] {
    ids.map { id in
        var random = RandomStream(seed: seed, purpose: .time, index: id)
        return sampler.time(ofSample: id, schedule, at: Progress(plannedSamples: 1000), using: &random)
    }
}

@Suite("Every time sampler")
struct TimeSamplerConformanceTests {
    @Test("stays in [0, 1] on every schedule", arguments: TimeSamplers.methodNames, Schedules.methodNames)
    func range(name: String, scheduleName: String) throws {
        let levels = try times(timeSampler(name), 0..<500, schedule(scheduleName))
        #expect(levels.allSatisfy { (0...1).contains($0) })
    }

    @Test("is a function of seed and sample", arguments: TimeSamplers.methodNames)
    func seeded(name: String) throws {
        let sampler = try timeSampler(name)
        let all = times(sampler, 0..<200)
        #expect(all == times(sampler, 0..<77) + times(sampler, 77..<200))
        #expect(all != times(sampler, 0..<200, seed: 2))
        #expect(Set(all).count == 200)
    }

    @Test("reaches both halves of the levels", arguments: TimeSamplers.methodNames)
    func spread(name: String) throws {
        let levels = try times(timeSampler(name), 0..<500, VarianceExploding())
        #expect(levels.contains { $0 < 0.5 } && levels.contains { $0 > 0.5 })
    }
}
