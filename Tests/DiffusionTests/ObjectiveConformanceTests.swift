import Buffers
import Configs
import Diffusion
import Networks
import Tensors
import TestSupport
import Testing

/// A small batch, an affine network and its parameters.
struct SmallTask {
    let model: AffineDenoiser
    let parameters: FlatBuffer
    let averages: [FlatBuffer]

    init(averages: Int = 0) {
        let scope = ParameterScope()
        model = AffineDenoiser(scope, channels: 2, classes: 3)
        parameters = scope.initialize(seed: 5)
        self.averages = (0..<averages).map { scope.initialize(seed: 6 + UInt64($0)) }
    }

    /// The same with averages that equal `parameters`.
    init(averages: Int, like parameters: FlatBuffer) {
        let scope = ParameterScope()
        model = AffineDenoiser(scope, channels: 2, classes: 3)
        self.parameters = parameters
        self.averages = (0..<averages).map { _ in FlatBuffer(copying: parameters) }
    }

    func batch(_ ids: Range<UInt64>) -> Batch {
        var values: [Float] = []
        for id in ids {
            var random = SeededGenerator(seed: id)
            values += random.floats(3 * 3 * 2)
        }
        return Batch(
            images: TensorData(values, shape: [ids.count, 3, 3, 2]),
            condition: Condition(labels: ids.map { Int($0 % 3) }),
            sampleIDs: Array(ids)
        )
    }

    func loss(
        _ objective: any Objective,
        _ ids: Range<UInt64>,
        tape: Tape? = nil,
        seed: UInt64 = 1,
        through other: (any Denoiser)? = nil
    ) -> Loss {
        let forward = ForwardContext(
            parameters: parameters,
            tape: tape,
            isTraining: true,
            random: RandomStream(seed: seed, purpose: .dropout, index: ids.lowerBound)
        )
        let context = ObjectiveContext(
            forward: forward,
            averages: averages,
            progress: Progress(plannedSamples: 1000),
            seed: seed
        )
        return objective.loss(other ?? model, batch(ids), context)
    }

    func gradients(_ objective: any Objective, _ ids: Range<UInt64>) -> [Float] {
        let tape = Tape()
        let result = FlatBuffer(count: parameters.count)
        tape.backward(loss(objective, ids, tape: tape).total, into: result, of: parameters)
        return result.floats
    }
}

/// A network whose passes over moving parameters read the values that they had at first, unless they are recorded.
struct FrozenDenoiser: Denoiser {
    let model: any Denoiser
    private let moving: ObjectIdentifier
    private let values: [Float]

    init(model: any Denoiser, moving: FlatBuffer) {
        self.model = model
        self.moving = ObjectIdentifier(moving)
        values = moving.floats
    }

    var inputChannels: Int { model.inputChannels }

    var outputChannels: Int { model.outputChannels }

    func callAsFunction(
        _ x: Tensor,
        noiseLabel: Tensor,
        condition: Condition,
        _ context: ForwardContext
    ) -> Tensor {
        guard context.tape == nil, ObjectIdentifier(context.parameters) == moving else {
            return model(x, noiseLabel: noiseLabel, condition: condition, context)
        }
        let copy = FlatBuffer(count: values.count)
        copy.copy(from: TensorData(values, shape: [values.count]))
        let frozen = ForwardContext(parameters: copy, tape: nil, isTraining: context.isTraining, random: context.random)
        return model(x, noiseLabel: noiseLabel, condition: condition, frozen)
    }
}

@Suite("Every objective")
struct ObjectiveConformanceTests {
    private func objective(_ name: String) throws -> any Objective {
        try method(Objectives.self, name, as: (any Objective).self)
    }

    // The loss is a sum of squares of an affine function, for which central differences are exact but for rounding:
    // 1e-6 of the loss over twice the step of 0.05. Passes without a tape are constants of the gradient, so that they
    // keep the parameters that it was taken at.
    @Test("has the gradient of its loss", arguments: Objectives.methodNames)
    func gradient(name: String) throws {
        let objective = try objective(name)
        let task = SmallTask(averages: objective.averagesNeeded)
        let gradients = task.gradients(objective, 0..<5)
        let frozen = FrozenDenoiser(model: task.model, moving: task.parameters)
        let total = { Double(task.loss(objective, 0..<5, tape: Tape(), through: frozen).total.item) }
        let size = total()
        for index in 0..<task.parameters.count {
            let totals = [0.05, -0.05].map { (change: Float) in
                let original = task.parameters.floats[index]
                task.parameters.withMutableFloats { $0[index] = original + change }
                let result = total()
                task.parameters.withMutableFloats { $0[index] = original }
                return result
            }
            let expected = (totals[0] - totals[1]) / 0.1
            expectClose(Double(gradients[index]), expected, absolute: 2e-5 * size, relative: 1e-4, "parameter \(index)")
        }
    }

    @Test("adds up over any split of a batch, unless it couples samples", arguments: Objectives.methodNames)
    func split(name: String) throws {
        let objective = try objective(name)
        guard !objective.couplesSamples else { return }
        let task = SmallTask(averages: objective.averagesNeeded)
        let parts = [0..<3, 3..<4, 4..<9] as [Range<UInt64>]
        let whole = Double(task.loss(objective, 0..<9).total.item)
        let sum = parts.reduce(0) { $0 + Double(task.loss(objective, $1).total.item) }
        expectClose(sum, whole, relative: 1e-6)
        let pieces = parts.map { task.gradients(objective, $0) }
        let added = (0..<task.parameters.count).map { index in pieces.reduce(0) { $0 + $1[index] } }
        expectClose(added, task.gradients(objective, 0..<9), Tolerance(absolute: 1e-5, relative: 1e-5))
    }

    @Test("is a function of the seed", arguments: Objectives.methodNames)
    func seeded(name: String) throws {
        let objective = try objective(name)
        let task = SmallTask(averages: objective.averagesNeeded)
        #expect(task.loss(objective, 0..<4).total.item == task.loss(objective, 0..<4).total.item)
        #expect(task.loss(objective, 0..<4, seed: 2).total.item != task.loss(objective, 0..<4).total.item)
    }

    @Test("reports parts that count samples", arguments: Objectives.methodNames)
    func parts(name: String) throws {
        let objective = try objective(name)
        let loss = SmallTask(averages: objective.averagesNeeded).loss(objective, 0..<9)
        #expect(Set(loss.parts.map(\.name)).count == loss.parts.count)
        #expect(loss.parts.allSatisfy { $0.count > 0 && $0.count <= 9 && $0.sum.isFinite })
    }
}
