import Diffusion
import Testing

@Suite("Euler's method")
struct EulerTests {
    // Float32 rounds each of up to 80 steps by 6e-8.
    @Test(
        "has the known gain from noise 80 to 0 on the EDM grid",
        arguments: zip([18, 80], [0.0052878930, 0.0060290052])
    )
    func gain(steps: Int, expected: Double) {
        let sampler = with(Euler()) { $0.grid = Grid(.rho) }
        let result = GaussianRun().run(sampler, steps: steps, from: 80).samples[0]
        expectClose(Double(result) / 80, expected, relative: 5e-6)
    }

    @Test("halves its error when the steps double")
    func order() {
        let sampler = with(Euler()) { $0.grid = Grid(.rho) }
        let errors = [40, 80].map {
            Double(GaussianRun().run(sampler, steps: $0, from: 80).samples[0]) / 80 - 0.006249878
        }
        expectClose(errors[0] / errors[1], 2, absolute: 0.05)
    }

    @Test("is exact in one step for data in a single point")
    func point() {
        var run = GaussianRun(schedule: RectifiedFlow(), width: 4)
        run.data = GaussianData(mean: 0.25, deviation: 0)
        #expect(run.run(Euler(), steps: 1).samples.allSatisfy { abs($0 - 0.25) < 1e-6 })
    }

    @Test("refuses no steps")
    func ranges() {
        expectRefused("steps", with(Euler()) { $0.steps = 0 })
    }
}
