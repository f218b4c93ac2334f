import Diffusion
import RealModule
import Testing

@Suite("Logit-normal times")
struct LogitNormalTimeTests {
    @Test("have a logit with the given mean and deviation")
    func moments() {
        let sampler = with(LogitNormalTime()) {
            $0.mean = 0.5
            $0.deviation = 0.8
        }
        let logits = times(sampler, 0..<10_000).map { Double.log($0 / (1 - $0)) }
        let mean = logits.reduce(0, +) / 10_000
        expectClose(mean, 0.5, absolute: 0.032)
        let variance = logits.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 10_000
        expectClose(variance.squareRoot(), 0.8, absolute: 0.023)
    }

    @Test("refuse a deviation of 0")
    func ranges() {
        expectRefused("deviation", with(LogitNormalTime()) { $0.deviation = 0 })
        expectRefused("mean", with(LogitNormalTime()) { $0.mean = 21 })
    }
}
