import Buffers
import Communication
import Configs
import Diffusion
import Networks
import Optimization
import Tensors

@testable import Training

/// Several workers as threads of one process.
enum GroupRun {
    /// What `body` answers on each member of a group, by rank.
    static func each<Result: Sendable>(
        _ count: Int,
        _ body: @escaping @Sendable (LocalCommunicator) throws -> Result
    ) async throws -> [Result] {
        let group = LocalGroup(size: count)
        return try await withThrowingTaskGroup(of: (Int, Result).self) { tasks in
            for rank in 0..<count {
                tasks.addTask { (rank, try await TrainerThread.run { try body(group.member(rank)) }) }
            }
            var results: [Int: Result] = [:]
            for try await (rank, result) in tasks { results[rank] = result }
            return (0..<count).compactMap { results[$0] }
        }
    }

    /// Takes up to `steps` steps of a trainer's schedule and answers their reports.
    @discardableResult
    static func take(
        _ steps: Int,
        with trainer: Trainer,
        _ communicator: any Communicator
    ) throws -> [StepReport] {
        let work = ScheduledWork(
            communicator,
            batch: trainer.recipe.config.batch.global,
            from: trainer.state.progress,
            until: StopSignal()
        )
        var reports: [StepReport] = []
        for _ in 0..<steps {
            guard let next = try work.next() else { break }
            let report = try trainer.step(next)
            try work.complete(next, report)
            reports.append(report)
        }
        return reports
    }
}

/// Plain gradient descent, whose updates of several workers have the update of their mean gradient as their mean.
struct PlainDescent: Optimizer {
    static let name = "plain-descent"
    static let reference = Reference(title: "An optimizer for tests", year: 2025, link: "here")

    var rate = 0.05

    func validate() throws(ConfigError) {}

    func makeState(_ layout: ParameterLayout) -> OptimizerState { OptimizerState() }

    func update(
        _ parameters: FlatBuffer,
        _ gradients: FlatBuffer,
        _ state: inout OptimizerState,
        _ layout: ParameterLayout,
        rate: Double,
        step: Int
    ) {
        parameters.add(gradients, scale: Float(-rate))
    }
}

/// The usual objective, but for one sample with something that is not finite.
struct Poisoned: Objective {
    enum Place: String, Codable { case gradient, loss }

    static let name = "poisoned"
    static let reference = Reference(title: "An objective for tests", year: 2025, link: "here")

    var sample: UInt64 = 0
    var place = Place.loss
    /// The number of elements of the network's first parameter.
    var count = 1

    var averagesNeeded: Int { 0 }
    var couplesSamples: Bool { false }
    var process: DiffusionProcess { Denoising().process }

    func validate() throws(ConfigError) {}

    func loss(_ model: any Denoiser, _ batch: Batch, _ context: ObjectiveContext) -> Loss {
        var loss = Denoising().loss(model, batch, context)
        guard batch.sampleIDs.contains(sample) else { return loss }
        switch place {
        case .loss: loss.total = loss.total + Float.infinity
        case .gradient:
            // The root of 0 is 0, but its slope there is infinite, and 0 times that is no number: in the first layer alone.
            let parameters = context.forward.parameters
            guard let tape = context.forward.tape else { return loss }
            let first = tape.leaf(parameters.view(0..<count, shape: [count]), owner: parameters, range: 0..<count)
            loss.total = loss.total + (first * 0).sqrt().sum()
        }
        return loss
    }
}
