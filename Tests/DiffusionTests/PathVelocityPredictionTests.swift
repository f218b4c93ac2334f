import Configs
import Diffusion
import Testing

@Suite("The prediction of the path's velocity")
struct PathVelocityPredictionTests {
    /// The velocity of the paper, from noise to data, at its time `1 - t`.
    private func velocity(_ schedule: any NoiseSchedule, data: Double, noise: Double, at time: Double) -> Double {
        let around = PathVelocityPrediction().preconditioning(at: 1 - time, schedule)
        return -(around.targetData * data + around.targetNoise * noise)
    }

    /// Without offsets this is the stochastic interpolant.
    private let interpolant = with(CosineSchedule()) {
        $0.offset = 0
        $0.endOffset = 0
    }

    // u = pi / 2 (cos(pi t / 2) x_1 - sin(pi t / 2) x_0) for noise x_0 = 1 and data x_1 = 2.
    @Test("on the cosine schedule is that of the interpolant", arguments: zip([0.25, 0.5], [2.30133542, 1.11072073]))
    func interpolated(time: Double, expected: Double) {
        expectClose(velocity(interpolant, data: 2, noise: 1, at: time), expected, absolute: 1e-8)
    }

    // u = x_1 - (1 - sigma) noise; at one deviation above the mean the noise is 1.
    @Test("on the flow-matching schedule is the target of flow matching")
    func flowMatching() {
        let schedule = FlowMatchingSchedule()
        expectClose(schedule.sigma(0.5), 0.50005, absolute: 1e-12)
        expectClose(velocity(schedule, data: 2, noise: 1, at: 0.5), 1.0001, absolute: 1e-12)
    }

    @Test("on the rectified flow is the flow prediction", arguments: [0, 0.3, 1])
    func rectified(t: Double) {
        let (path, flow) = (
            PathVelocityPrediction().preconditioning(at: t, RectifiedFlow()),
            FlowPrediction().preconditioning(at: t, RectifiedFlow())
        )
        for pair in [
            (path.skip, flow.skip), (path.output, flow.output), (path.targetData, flow.targetData),
            (path.targetNoise, flow.targetNoise), (path.noiseLabel, flow.noiseLabel),
        ] { expectClose(pair.0, pair.1, absolute: 1e-15) }
    }

    @Test("is the change of the noised image", arguments: Schedules.methodNames)
    func change(name: String) throws {
        let schedule = try schedule(name)
        let h = 1e-6
        for t in [0.1, 0.5, 0.9] {
            let around = PathVelocityPrediction().preconditioning(at: t, schedule)
            func x(_ t: Double) -> Double { 0.7 * schedule.alpha(t) - 1.3 * schedule.sigma(t) }
            let expected = (x(t + h) - x(t - h)) / (2 * h)
            expectClose(around.targetData * 0.7 + around.targetNoise * -1.3, expected, absolute: 1e-5, relative: 1e-6)
        }
    }
}
