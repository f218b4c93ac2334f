import Configs
import Diffusion
import Testing

@Suite("The velocity prediction")
struct VelocityPredictionTests {
    @Test("is alpha noise - sigma data on a variance-preserving schedule, and clean = alpha x - sigma v")
    func coefficients() {
        let (schedule, t) = (CosineSchedule(), 0.35)
        let around = VelocityPrediction().preconditioning(at: t, schedule)
        expectClose(around.targetNoise, schedule.alpha(t), relative: 1e-14)
        expectClose(around.targetData, -schedule.sigma(t), relative: 1e-14)
        expectClose(around.skip, schedule.alpha(t), relative: 1e-14)
        expectClose(around.output, -schedule.sigma(t), relative: 1e-14)
    }

    @Test("has a target of unit variance for data of unit variance on every schedule", arguments: Schedules.methodNames)
    func scale(name: String) throws {
        for t in [0, 0.2, 0.8, 1] {
            let around = VelocityPrediction().preconditioning(at: t, try schedule(name))
            expectClose(
                around.targetData * around.targetData + around.targetNoise * around.targetNoise,
                1,
                absolute: 1e-14
            )
        }
    }
}
