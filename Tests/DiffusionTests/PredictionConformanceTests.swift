import Configs
import Diffusion
import TestSupport
import Testing

@Suite("Every prediction")
struct PredictionConformanceTests {
    private let levels = (0...20).map { Double($0) / 20 }

    /// Levels at which something of the data and of the noise is left for `prediction`, on every schedule.
    private func places(_ prediction: any Prediction) throws -> [(schedule: any NoiseSchedule, t: Double)] {
        try Schedules.methodNames.flatMap { name in
            let schedule = try schedule(name)
            let usable = levels.filter {
                guard !(prediction is NoisePrediction) else { return schedule.alpha($0) > 1e-4 }
                return !isBoundary(prediction, $0, schedule)
            }
            return usable.map { (schedule, $0) }
        }
    }

    /// Whether the answer is the noised image, whatever the network says; with noise in it, it is not the clean one.
    private func isBoundary(_ prediction: any Prediction, _ t: Double, _ schedule: any NoiseSchedule) -> Bool {
        guard let prediction = prediction as? ConsistencyPrediction, schedule.sigma(t) > 0 else { return false }
        return schedule.noiseRatio(t) <= prediction.sigmaMin * (1 + 1e-8)
    }

    // Dividing by the least alpha, 0.006, enlarges rounding by less than 1e3.
    @Test("recovers the clean image from the true target at every level", arguments: Predictions.methodNames)
    func recovers(name: String) throws {
        let prediction = try prediction(name)
        for (schedule, t) in try places(prediction) {
            let around = prediction.preconditioning(at: t, schedule)
            for (data, noise) in [(0.7, -1.3), (-1, 2), (0, 0.5), (0.3, 0)] {
                let noised = schedule.alpha(t) * data + schedule.sigma(t) * noise
                let target = around.targetData * data + around.targetNoise * noise
                expectClose(around.skip * noised + around.output * target, data, absolute: 1e-11, "t = \(t)")
            }
        }
    }

    @Test("has finite coefficients everywhere", arguments: Predictions.methodNames)
    func finite(name: String) throws {
        for scheduleName in Schedules.methodNames {
            for t in levels {
                let around = try prediction(name).preconditioning(at: t, schedule(scheduleName))
                let all = [
                    around.inputScale, around.noiseLabel, around.skip, around.output, around.targetData,
                    around.targetNoise,
                ]
                #expect(all.allSatisfy { $0.isFinite }, "t = \(t) on \(scheduleName)")
                #expect(around.inputScale > 0)
            }
        }
    }

    @Test("has a label that rises strictly with the noise", arguments: Predictions.methodNames)
    func label(name: String) throws {
        for scheduleName in Schedules.methodNames {
            let labels = try levels.map {
                try prediction(name).preconditioning(at: $0, schedule(scheduleName)).noiseLabel
            }
            for (before, after) in zip(labels, labels.dropFirst()) { #expect(before < after, "on \(scheduleName)") }
        }
    }

    @Test("survives conversion to every other prediction and back", arguments: Predictions.methodNames)
    func conversion(name: String) throws {
        let first = try prediction(name)
        for other in Predictions.methodNames {
            let second = try prediction(other)
            for (schedule, t) in try places(NoisePrediction()) where schedule.sigma(t) > 0 {
                guard !isBoundary(first, t, schedule), !isBoundary(second, t, schedule) else { continue }
                let (alpha, sigma) = (schedule.alpha(t), schedule.sigma(t))
                let (a, b) = (first.preconditioning(at: t, schedule), second.preconditioning(at: t, schedule))
                let (noised, answer) = (0.4, -0.9)
                let clean = a.skip * noised + a.output * answer
                let noise = (noised - alpha * clean) / sigma
                let converted = b.targetData * clean + b.targetNoise * noise
                let cleanAgain = b.skip * noised + b.output * converted
                let noiseAgain = (noised - alpha * cleanAgain) / sigma
                let back = a.targetData * cleanAgain + a.targetNoise * noiseAgain
                // The clean image of a wrong answer may be 1e2 large and the noise of it 1e2 / sigma.
                expectClose(back, answer, absolute: 1e-7, "\(name) to \(other) at \(t)")
            }
        }
    }
}
