import Configs
import Diffusion
import TestSupport
import Testing

@Suite("Every noise schedule")
struct ScheduleConformanceTests {
    private let levels = (0...200).map { Double($0) / 200 }

    @Test("is finite, with alpha in [0, 1] and sigma at least 0", arguments: Schedules.methodNames)
    func finite(name: String) throws {
        let schedule = try schedule(name)
        for t in levels {
            let (alpha, sigma) = (schedule.alpha(t), schedule.sigma(t))
            #expect((0...1).contains(alpha), "t = \(t)")
            #expect(sigma >= 0 && sigma.isFinite, "t = \(t)")
            #expect(schedule.alphaDerivative(t).isFinite && schedule.sigmaDerivative(t).isFinite, "t = \(t)")
        }
    }

    @Test("has a signal-to-noise ratio that falls strictly", arguments: Schedules.methodNames)
    func monotone(name: String) throws {
        let ratios = try levels.map(schedule(name).signalToNoise)
        for (before, after) in zip(ratios, ratios.dropFirst()) { #expect(before > after) }
    }

    // Central differences are off by h^2/6 times the third derivative, at most 4e6 near the ends of the linear
    // schedule, and by the rounding of the coefficient over h.
    @Test("has the derivatives of its coefficients", arguments: Schedules.methodNames)
    func derivatives(name: String) throws {
        let schedule = try schedule(name)
        let h = 1e-6
        for t in levels.dropFirst().dropLast() + [1e-5, 1 - 1e-5] {
            let alpha = (schedule.alpha(t + h) - schedule.alpha(t - h)) / (2 * h)
            let sigma = (schedule.sigma(t + h) - schedule.sigma(t - h)) / (2 * h)
            expectClose(schedule.alphaDerivative(t), alpha, absolute: 1e-5, relative: 1e-6, "alpha' at \(t)")
            expectClose(schedule.sigmaDerivative(t), sigma, absolute: 1e-5, relative: 1e-6, "sigma' at \(t)")
        }
    }

    @Test("starts at data and ends at noise", arguments: Schedules.methodNames)
    func ends(name: String) throws {
        let schedule = try schedule(name)
        #expect(schedule.alpha(0) >= 0.999)
        #expect(schedule.sigma(0) <= 0.02)
        #expect(schedule.noiseRatio(1) >= 50)
    }

    @Test("finds the noise level of a ratio, and its ends beyond them", arguments: Schedules.methodNames)
    func inverse(name: String) throws {
        let schedule = try schedule(name)
        for t in levels { expectClose(schedule.time(signalToNoise: schedule.signalToNoise(t)), t, absolute: 1e-10) }
        for t in levels.dropFirst() {
            expectClose(schedule.time(noiseRatio: schedule.noiseRatio(t)), t, absolute: 1e-10)
        }
        #expect(schedule.time(signalToNoise: .infinity) == 0)
        #expect(schedule.time(signalToNoise: 0) == 1)
    }
}
