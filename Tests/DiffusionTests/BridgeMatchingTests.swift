import Buffers
import Configs
import Networks
import RealModule
import Tensors
import TestSupport
import Testing

@testable import Diffusion

@Suite("Bridge matching")
struct BridgeMatchingTests {
    // Noise 0, data 2, sigma 1, x_t one deviation above the straight line. With the paper's time, from noise to data,
    // the velocity is (1 - 2 t) / (2 t (1 - t)) sd + 2 and the score -1 / sd.
    @Test(
        "has the known velocities and scores",
        arguments: [
            (0.25, 0.43301270, 2.57735027, -2.30940108), (0.5, 0.5, 2, -2), (0.9, 0.3, 0.66666667, -3.33333333),
        ]
    )
    func velocities(time: Double, deviation: Double, velocity: Double, score: Double) {
        let place = BridgePlace(t: 1 - time, sigma: 1)
        expectClose(place.spread, deviation, absolute: 1e-8)
        expectClose(-(0 - 2 + place.spreadChange), velocity, absolute: 1e-8)
        expectClose(-1 / place.spread, score, absolute: 1e-8)
    }

    @Test("has the derivative of its spread, and leaves the ends out")
    func spread() {
        for t in [0.01, 0.3, 0.8] {
            let (before, after) = (BridgePlace(t: t - 1e-6, sigma: 0.7), BridgePlace(t: t + 1e-6, sigma: 0.7))
            let slope = (after.spread - before.spread) / 2e-6
            expectClose(BridgePlace(t: t, sigma: 0.7).spreadChange, slope, absolute: 1e-7, relative: 1e-7)
        }
        #expect(BridgePlace(t: 0, sigma: 1).t == 1e-4)
        #expect(BridgePlace(t: 1, sigma: 1).t == 1 - 1e-4)
        #expect(BridgePlace(t: 1, sigma: 1).spreadChange.isFinite)
    }

    @Test("of no deviation is the denoising objective on the rectified flow", arguments: Couplings.methodNames)
    func straight(name: String) throws {
        let coupling = try coupling(name)
        let bridge = with(BridgeMatching()) {
            $0.sigma = 0
            $0.coupling = coupling
        }
        let flow = with(Denoising()) {
            $0.coupling = coupling
            $0.time = UniformTime()
        }
        let task = SmallTask()
        expectClose(
            Double(task.loss(bridge, 0..<9).total.item),
            Double(task.loss(flow, 0..<9).total.item),
            relative: 1e-6
        )
    }

    // A network that answers 0 has the mean square of the velocity: (noise - x_0)^2, 1 + 1/3 for images uniform in
    // [-1, 1], and the square of the drift. For logit-normal t that square is sinh^2(n / 2), whose mean is
    // (exp(1/2) - 1) / 2. Four deviations of the means of 1024 samples of 4 numbers are 0.1 and 0.13.
    @Test("adds the drift of Brownian motion to the straight velocity")
    func drift() {
        let straight = with(BridgeMatching()) {
            $0.sigma = 0
            $0.coupling = IndependentCoupling()
            $0.time = LogitNormalTime()
        }
        let (plain, moved) = (meanSquare(straight), meanSquare(with(straight) { $0.sigma = 1 }))
        expectClose(plain, 4.0 / 3, absolute: 0.1)
        expectClose(moved - plain, (Double.exp(0.5) - 1) / 2, absolute: 0.13)
    }

    /// The loss a sample of a network that answers 0.
    private func meanSquare(_ objective: BridgeMatching) -> Double {
        var random = SeededGenerator(seed: 1)
        let batch = Batch(
            images: TensorData(random.floats(4096), shape: [1024, 2, 2, 1]),
            condition: Condition(),
            sampleIDs: Array(0..<1024)
        )
        let forward = ForwardContext(
            parameters: FlatBuffer(count: 0),
            tape: nil,
            isTraining: true,
            random: RandomStream(seed: 1, purpose: .dropout, index: 0)
        )
        let context = ObjectiveContext(forward: forward, progress: Progress(plannedSamples: 10), seed: 3)
        return Double(objective.loss(SilentDenoiser(), batch, context).total.item) / 1024
    }

    @Test("refuses values out of range")
    func ranges() {
        expectRefused("sigma", with(BridgeMatching()) { $0.sigma = -1 })
        expectRefused("label_dropout", with(BridgeMatching()) { $0.labelDropout = 2 })
    }
}

/// A network that answers 0.
private struct SilentDenoiser: Denoiser {
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
