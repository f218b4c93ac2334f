import Diffusion
import RealModule
import Testing

@Suite("Log-normal times")
struct LogNormalTimeTests {
    // Mean and deviation of n normal numbers deviate by sd / sqrt(n) and sd / sqrt(2 n); four times that for n = 2500.
    @Test("have a noise ratio with the logarithm's mean and deviation", arguments: ["linear", "variance-exploding"])
    func moments(name: String) throws {
        let schedule = try schedule(name)
        let logs = times(LogNormalTime(), 0..<2500, schedule).map { Double.log(schedule.noiseRatio($0)) }
        let mean = logs.reduce(0, +) / 2500
        expectClose(mean, -1.2, absolute: 0.096)
        let variance = logs.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 2500
        expectClose(variance.squareRoot(), 1.2, absolute: 0.068)
    }

    @Test("refuse a deviation of 0")
    func ranges() {
        expectRefused("deviation", with(LogNormalTime()) { $0.deviation = 0 })
        expectRefused("mean", with(LogNormalTime()) { $0.mean = .nan })
    }
}
