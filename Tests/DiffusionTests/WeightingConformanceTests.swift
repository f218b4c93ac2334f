import Configs
import Diffusion
import TestSupport
import Testing

@Suite("Every weighting")
struct WeightingConformanceTests {
    @Test("is finite and not negative, ends included", arguments: Weightings.methodNames, Schedules.methodNames)
    func finite(name: String, scheduleName: String) throws {
        let (weighting, schedule) = try (weighting(name), schedule(scheduleName))
        for predictionName in Predictions.methodNames {
            for t in [0, 1e-9, 0.25, 0.5, 0.75, 1 - 1e-9, 1] {
                let around = try prediction(predictionName).preconditioning(at: t, schedule)
                let weight = weighting.weight(at: t, schedule, around)
                #expect(weight >= 0 && weight.isFinite, "\(predictionName) at \(t)")
            }
        }
    }

    // Uniform weighting is defined on the network's own error and is the only one that differs between predictions.
    @Test(
        "but uniform gives the same loss for every prediction of the same clean image",
        arguments: Weightings.methodNames.filter { $0 != UniformWeighting.name },
        Schedules.methodNames
    )
    func sameLoss(name: String, scheduleName: String) throws {
        let (weighting, schedule) = try (weighting(name), schedule(scheduleName))
        for t in [0.01, 0.2, 0.5, 0.8, 0.99] {
            let losses = try Predictions.methodNames.map { predictionName in
                let around = try prediction(predictionName).preconditioning(at: t, schedule)
                let error = 0.3 / around.output
                return weighting.weight(at: t, schedule, around) * error * error
            }
            for loss in losses { expectClose(loss, losses[0], relative: 1e-10, "t = \(t)") }
        }
    }
}
