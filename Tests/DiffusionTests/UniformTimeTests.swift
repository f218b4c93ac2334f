import Diffusion
import Testing

@Suite("Uniform times")
struct UniformTimeTests {
    // Mean and mean square of n uniform numbers deviate by 0.29 / sqrt(n) and 0.30 / sqrt(n); four times that for n =
    // 10000.
    @Test("have the moments of a uniform number")
    func moments() {
        let levels = times(UniformTime(), 0..<10_000)
        expectClose(levels.reduce(0, +) / 10_000, 0.5, absolute: 0.012)
        expectClose(levels.reduce(0) { $0 + $1 * $1 } / 10_000, 1.0 / 3, absolute: 0.012)
    }
}
