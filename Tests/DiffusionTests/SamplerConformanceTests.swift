import Buffers
import Configs
import Diffusion
import Tensors
import TestSupport
import Testing

/// Runs a sampler on normal data from white noise, and counts evaluations.
struct GaussianRun {
    var data = GaussianData()
    var schedule: any NoiseSchedule = VarianceExploding()
    var seed: UInt64 = 7
    /// The samples whose streams are used.
    var samples: Range<UInt64> = 0..<1
    /// The numbers of one sample.
    var width = 1

    /// The starting image of every sample, all numbers of one scale if `fixed` is given.
    func run(_ sampler: any Sampler, steps: Int, from fixed: Double? = nil) -> (samples: [Float], evaluations: Int) {
        let times = sampler.grid.times(steps: steps, schedule)
        var noise = SampleNoise(seed: seed, samples: samples)
        let shape = Shape([samples.count, 1, 1, width])
        var start =
            noise.normal(shape)
            * Float(data.variance(alpha: schedule.alpha(times[0]), sigma: schedule.sigma(times[0])).squareRoot())
        start = start + Float(schedule.alpha(times[0]) * data.mean)
        if let fixed { start = .full(shape, Float(fixed)) }
        var evaluations = 0
        let result = sampler.sample(from: start, along: times, schedule, using: &noise) { x, t in
            evaluations += 1
            guard !(sampler is MultistepConsistency) else {
                return data.end(x, alpha: schedule.alpha(t), sigma: schedule.sigma(t))
            }
            return data.clean(x, alpha: schedule.alpha(t), sigma: schedule.sigma(t))
        }
        return (result.floats, evaluations)
    }
}

@Suite("Every sampler")
struct SamplerConformanceTests {
    @Test("evaluates the network as often as it says", arguments: Samplers.methodNames, [1, 2, 9])
    func evaluations(name: String, steps: Int) throws {
        let sampler = try sampler(name)
        #expect(GaussianRun().run(sampler, steps: steps).evaluations == sampler.evaluations(steps: steps))
    }

    @Test("is a function of seed and sample, whatever the batch", arguments: Samplers.methodNames)
    func seeded(name: String) throws {
        let sampler = try sampler(name)
        let all = GaussianRun(samples: 0..<6, width: 3).run(sampler, steps: 5).samples
        let parts = [0..<2, 2..<6].flatMap {
            GaussianRun(samples: $0, width: 3).run(sampler, steps: 5).samples
        }
        #expect(all == parts)
        #expect(GaussianRun(seed: 8, samples: 0..<6, width: 3).run(sampler, steps: 5).samples != all)
    }

    // 4000 numbers: the mean deviates by 0.5 / sqrt(n) and the deviation by 0.5 / sqrt(2 n); four times that, and 3 %
    // for 100 steps.
    @Test("draws normal data with its mean and deviation", arguments: Samplers.methodNames, Schedules.methodNames)
    func gaussian(name: String, scheduleName: String) throws {
        var run = try GaussianRun(schedule: schedule(scheduleName), width: 4000)
        run.data.mean = 0.3
        let values = try run.run(sampler(name), steps: 100).samples.map { Double($0) }
        let mean = values.reduce(0, +) / 4000
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 4000
        expectClose(mean, 0.3, absolute: 0.032)
        expectClose(variance.squareRoot(), 0.5, absolute: 0.023 + 0.015, "deviation")
    }

    // Errors of order p fall by 2^p when the steps double; the next terms of their series may take a quarter off. Where
    // the first term is small the error falls faster, but by less than one order.
    @Test("has the order it declares", arguments: Samplers.methodNames, Schedules.methodNames)
    func order(name: String, scheduleName: String) throws {
        let (sampler, schedule) = try (sampler(name), schedule(scheduleName))
        let run = GaussianRun(schedule: schedule)
        guard
            run.run(sampler, steps: 4, from: 1).samples
                == with(run, { $0.seed = 8 }).run(sampler, steps: 4, from: 1).samples
        else { return }
        let start = sampler.grid.times(steps: 2, schedule)[0]
        let (alpha, sigma) = (schedule.alpha(start), schedule.sigma(start))
        let exact = run.data.end(sigma, alpha: alpha, sigma: sigma)
        let errors = [64, 128].map { steps in
            abs(Double(run.run(sampler, steps: steps, from: sigma).samples[0]) - exact)
        }
        let expected = Double(1 << sampler.order)
        #expect(errors[0] / errors[1] > 0.75 * expected, "errors \(errors)")
        #expect(errors[0] / errors[1] < 2 * expected, "errors \(errors)")
    }
}
