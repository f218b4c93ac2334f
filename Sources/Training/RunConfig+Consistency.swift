import Configs
import Diffusion
import Optimization

extension RunConfig {
    /// Refuses parts of consistency models beside parts of others.
    func validateConsistency() throws(ConfigError) {
        try validateConsistencySampler()
        try validateConsistencyTarget()
    }

    /// The sampler must be made for what the network answers: ends of paths, or means of images.
    private func validateConsistencySampler() throws(ConfigError) {
        let (prediction, sampler) = (objective.process.prediction, evaluation.sampler)
        switch (prediction as? ConsistencyPrediction, sampler as? MultistepConsistency) {
        case (nil, nil):
            return
        case (let prediction?, let sampler?):
            guard prediction.sigmaMin != sampler.sigmaMin else { return }
            throw ConfigError.conflict(
                "prediction: {type: \(ConsistencyPrediction.name), sigma_min: \(prediction.sigmaMin)}",
                "sampler: {type: \(MultistepConsistency.name), sigma_min: \(sampler.sigmaMin)}",
                because: "the noise that is left in the network's answers must be the same"
            )
        case (_?, nil):
            throw ConfigError.conflict(
                "prediction: \(ConsistencyPrediction.name)",
                "evaluation: {sampler: \(type(of: sampler).name)}",
                because: "the network answers ends of paths, not means of images; use \(MultistepConsistency.name)"
            )
        case (nil, _?):
            throw ConfigError.conflict(
                "prediction: \(type(of: prediction).name)",
                "evaluation: {sampler: \(MultistepConsistency.name)}",
                because: "this sampler needs a network that answers ends of paths, prediction: "
                    + ConsistencyPrediction.name
            )
        }
    }

    /// The target is the last average and follows the objective's levels.
    private func validateConsistencyTarget() throws(ConfigError) {
        guard let training = objective as? ConsistencyTraining, training.target == .average else { return }
        guard let average = averages.last as? ConsistencyTarget else {
            let last = averages.last.map { type(of: $0).name } ?? "none"
            throw ConfigError.conflict(
                "objective: \(ConsistencyTraining.name)",
                "averages: [..., \(last)]",
                because: "its target is the last average, which must be a \(ConsistencyTarget.name), "
                    + "unless the objective says 'target: live'"
            )
        }
        guard average.levels != training.levels else { return }
        throw ConfigError.conflict(
            "objective: {type: \(ConsistencyTraining.name), levels: \(text(training.levels))}",
            "averages: {type: \(ConsistencyTarget.name), levels: \(text(average.levels))}",
            because: "the target must follow the objective's levels"
        )
    }

    private func text(_ levels: LevelGrowth) -> String { "{start: \(levels.start), end: \(levels.end)}" }
}
