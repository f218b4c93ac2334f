import Configs
import Diffusion
import TestSupport
import Testing

@Suite("A grid of noise levels")
struct GridTests {
    private func ratios(_ steps: Int) -> [Double] {
        Grid(.rho).times(steps: steps, VarianceExploding()).map(VarianceExploding().noiseRatio)
    }

    @Test("with rho 7 has EDM's levels")
    func rho() {
        expectClose(ratios(5), [80, 17.527832, 2.515219, 0.169753, 0.002], Tolerance(relative: 3e-6))
        let many = ratios(18)
        expectClose([0, 1, 8, 17].map { many[$0] }, [80, 57.585985, 3.256822, 0.002], Tolerance(relative: 2e-7))
    }

    @Test("even in t starts at noise and leaves the last step to the sampler")
    func uniform() {
        expectClose(Grid().times(steps: 4, RectifiedFlow()), [1, 0.75, 0.5, 0.25], .exact)
        let part = with(Grid()) {
            $0.start = 0.9
            $0.end = 0.1
        }
        expectClose(part.times(steps: 2, RectifiedFlow()), [0.9, 0.5], Tolerance(absolute: 1e-15))
    }

    @Test("falls strictly on every schedule", arguments: Schedules.methodNames, Grid.Spacing.allCases)
    func falls(name: String, spacing: Grid.Spacing) throws {
        for steps in [1, 2, 50] {
            let times = Grid(spacing).times(steps: steps, try schedule(name))
            #expect(times.count == steps)
            #expect(zip(times, times.dropFirst()).allSatisfy { $0 > $1 })
            #expect(times.allSatisfy { (0...1).contains($0) })
        }
    }

    @Test("refuses bounds out of order")
    func ranges() {
        expectRefused("start", with(Grid()) { $0.start = 0 })
        expectRefused("end", with(Grid()) { $0.end = 1 })
        expectRefused("rho", with(Grid()) { $0.rho = 0.5 })
        expectRefused("minimum_ratio", with(Grid()) { $0.minimumRatio = 0 })
        expectRefused("maximum_ratio", with(Grid()) { $0.maximumRatio = 0.001 })
    }
}
