import Tensors
import TestSupport
import Testing

@testable import Diffusion

@Suite("Coupling by optimal transport")
struct OptimalTransportCouplingTests {
    private let coupling = OptimalTransportCoupling()

    // The paper's direction, noise to data, is the permutation [1, 2, 3, 0]; here images ask for their noise, which is
    // its inverse.
    @Test("finds the known pairing of four points")
    func known() {
        let data = CoupledData(
            images: [[3, 2], [0, 0.1], [1.2, 0], [0, 1.5]],
            noise: [[0, 0], [1, 0], [0, 1], [3, 3]]
        )
        #expect(data.partners(coupling) == [3, 0, 1, 2])
        expectClose(data.cost([3, 0, 1, 2]), 1.3, absolute: 1e-6)
        let random = data.distances.flatMap { $0 }.reduce(0, +) / 4
        expectClose(random, 21.1, absolute: 1e-5, "mean of random pairings")
    }

    // Products of five numbers in float32 are off by 1e-6, and those of seven pairs add up.
    @Test("costs no more than any of many other pairings", arguments: 0..<20 as Range<UInt64>)
    func least(seed: UInt64) {
        let data = CoupledData(count: 7, seed: seed)
        let best = data.cost(data.partners(coupling))
        var random = SeededGenerator(seed: seed)
        for _ in 0..<200 { #expect(best <= data.cost((0..<7).shuffled(using: &random)) + 1e-5) }
    }

    // In one dimension the best pairing is that of equal ranks, and x_t of equal ranks keeps its order.
    @Test("keeps paths in one dimension from crossing")
    func crossings() {
        let data = CoupledData(count: 50, width: 1)
        let partners = data.partners(coupling)
        #expect(partners.sorted() == Array(0..<50))
        let pairs = zip(data.images.floats, partners.map { data.noise.floats[$0] }).sorted { $0.0 < $1.0 }
        #expect(zip(pairs, pairs.dropFirst()).allSatisfy { $0.1 <= $1.1 })
    }

    // Noise s0 q and data m1 + s1 q of the same quantiles q: with the paper's time (0 noise, 1 data) the field of
    // transport is v(x, t) = m1 + (s1 / s0 - 1) (x - t m1) / (1 + t (s1 / s0 - 1)), linear in x.
    @Test("between normal distributions gives the linear field", arguments: [0.1, 0.5, 0.9])
    func field(t: Double) {
        let (deviation, mean, noiseDeviation) = (0.5, 0.3, 1.25)
        var random = SeededGenerator(seed: 3)
        let quantiles = (0..<41).map { Double($0 - 20) / 10 + random.double(0, 0.01) }
        let data = CoupledData(
            images: quantiles.shuffled(using: &random).map { [Float(mean + deviation * $0)] },
            noise: quantiles.shuffled(using: &random).map { [Float(noiseDeviation * $0)] }
        )
        let partners = data.partners(coupling)
        let stretch = deviation / noiseDeviation - 1
        for (image, partner) in zip(data.images.floats, partners) {
            let (end, start) = (Double(image), Double(data.noise.floats[partner]))
            let x = t * end + (1 - t) * start
            // The values are rounded to float32.
            expectClose(end - start, mean + stretch * (x - t * mean) / (1 + t * stretch), absolute: 2e-6)
        }
    }

    @Test("of one sample is the independent coupling")
    func alone() {
        let task = SmallTask()
        let coupled = with(Denoising()) { $0.coupling = OptimalTransportCoupling() }
        #expect(coupled.couplesSamples)
        #expect(task.loss(coupled, 3..<4).total.item == task.loss(Denoising(), 3..<4).total.item)
        #expect(task.loss(coupled, 0..<9).total.item != task.loss(Denoising(), 0..<9).total.item)
    }

    // Without structure in the data a third of the distance goes; a tenth is far from chance.
    @Test("brings images and noise closer than chance")
    func closer() {
        let data = CoupledData(count: 64)
        #expect(data.cost(data.partners(coupling)) < 0.9 * data.cost(Array(0..<64)))
    }
}
