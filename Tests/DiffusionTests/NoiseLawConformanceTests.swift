import Buffers
import Configs
import Networks
import Tensors
import Testing

@testable import Diffusion

@Suite("Every law of noise")
struct NoiseLawConformanceTests {
    private func numbers(_ law: any NoiseLaw, seed: UInt64 = 1, samples: Range<UInt64>) -> [Float] {
        var noise = SampleNoise(samples.map { RandomStream(seed: seed, purpose: .noise, index: $0) })
        return noise.draw(law, Shape([samples.count, 2, 2, 1])).floats
    }

    // The square of a number deviates by at most 1.6 for these laws; 20000 numbers in samples of four that share a
    // length, four times.
    @Test("has mean 0 and the variance it declares", arguments: NoiseLaws.methodNames)
    func variance(name: String) throws {
        let law = try noiseLaw(name)
        let values = numbers(law, samples: 0..<5000).map { Double($0) }
        expectClose(values.reduce(0, +) / 20_000, 0, absolute: 0.03)
        expectClose(values.reduce(0) { $0 + $1 * $1 } / 20_000, law.variance, absolute: 0.06)
    }

    // 20000 numbers of the normal law reach this distance once in a thousand times.
    @Test("is normal if it says so", arguments: NoiseLaws.methodNames)
    func gaussian(name: String) throws {
        let law = try noiseLaw(name)
        guard law.isGaussian else { return }
        #expect(NormalityTest.distance(numbers(law, samples: 0..<5000).map { Double($0) }) < 1.95 / 141)
    }

    @Test("is a function of seed and sample, whatever the batch", arguments: NoiseLaws.methodNames)
    func seeded(name: String) throws {
        let law = try noiseLaw(name)
        let all = numbers(law, samples: 0..<7)
        #expect(all == numbers(law, samples: 0..<3) + numbers(law, samples: 3..<7))
        #expect(all != numbers(law, seed: 2, samples: 0..<7))
    }

    // What training adds at full noise and what sampling starts from are draws of one law.
    @Test("is what training adds and sampling starts from", arguments: NoiseLaws.methodNames)
    func prior(name: String) throws {
        let law = try noiseLaw(name)
        let level = TrainedLevel(
            t: 1,
            alpha: 0,
            sigma: 1,
            around: FlowPrediction().preconditioning(at: 1, RectifiedFlow()),
            weight: 1
        )
        let images = TensorData([1, 2, 3, 4] as [Float], shape: [1, 2, 2, 1])
        let noised = NoisedBatch(images, ids: [3], [level], seed: 1, law: law)
        #expect(noised.input.floats == numbers(law, samples: 3..<4))
        let objective = with(Denoising()) { $0.noise = law }
        let plan = SamplingPlan(sampler: with(Euler()) { $0.steps = 1 }, seed: 6)
        let drawn = Generator(StillDenoiser(), objective.process, plan)
            .generate(FlatBuffer(count: 0), count: 2, image: [2, 2, 1])
        var start = SampleNoise(seed: 6, samples: 0..<2)
        // A flow of velocity 0 stays where it is.
        #expect(drawn.floats == start.draw(law, [2, 2, 2, 1]).floats)
    }
}

/// A network that answers 0, so that a flow stays where it is.
private struct StillDenoiser: Denoiser {
    let inputChannels = 1
    let outputChannels = 1

    func callAsFunction(
        _ x: Tensor,
        noiseLabel: Tensor,
        condition: Condition,
        _ context: ForwardContext
    ) -> Tensor {
        .full(x.shape, 0)
    }
}
