import Buffers
import Configs
import Diffusion
import Networks
import Optimization
import Tensors
import TestSupport
import Testing

@testable import Training

/// Training of the workload `unet-small` as `Tests/Goldens/make_loss_curve.py` does it.
private struct LossCurve {
    private static let batch = 16
    private let model: any Denoiser
    private let layout: ParameterLayout
    private let parameters: FlatBuffer
    private let gradients: FlatBuffer
    private let optimizer: AdamW
    private var state: OptimizerState

    init() throws {
        let workload = try unetSmall()
        guard case .denoiser(let definition) = workload.network else {
            throw ConfigError.conflict("unet-small", "autoencoder", because: "the curve is that of a denoiser")
        }
        let scope = ParameterScope()
        model = try definition.build(scope, image: workload.image, classes: 0)
        layout = scope.layout
        parameters = FlatBuffer(layout.parameters.flatMap(NamedNumbers.startingValue))
        gradients = FlatBuffer(count: layout.count)
        var optimizer = AdamW()
        optimizer.weightDecay = 0.1
        self.optimizer = optimizer
        state = optimizer.makeState(layout)
    }

    /// The mean loss of a step's batch before the step's update.
    mutating func step(_ step: Int) -> Double {
        gradients.fill(0)
        let tape = Tape()
        let context = ForwardContext(
            parameters: parameters,
            tape: tape,
            isTraining: true,
            random: RandomStream(seed: 0, purpose: .dropout, index: 0)
        )
        let total = total(ofSamplesFrom: Self.batch * step, context)
        tape.backward(total, into: gradients, of: parameters)
        gradients.scale(by: 1 / Float(Self.batch))
        optimizer.update(parameters, gradients, &state, layout, rate: 1e-4, step: step)
        return Double(total.item) / Double(Self.batch)
    }

    private func total(ofSamplesFrom first: Int, _ context: ForwardContext) -> Tensor {
        let schedule = LinearSchedule()
        let times = (first..<first + Self.batch).map { Double(NamedNumbers("time").bits($0) % 1000) / 1000 }
        let labels = times.map { Float(NoisePrediction().preconditioning(at: $0, schedule).noiseLabel) }
        let column: Shape = [Self.batch, 1, 1, 1]
        let noise = Self.normal("noise", from: first, [3, 32, 32])
        let signal = images(from: first) * Tensor(times.map { Float(schedule.alpha($0)) }, column)
        let answer = model(
            signal + noise * Tensor(times.map { Float(schedule.sigma($0)) }, column),
            noiseLabel: Tensor(labels, [Self.batch]),
            condition: Condition(),
            context
        )
        return (answer - noise).squared().mean([1, 2, 3]).sum()
    }

    /// Images of 4 by 4 tiles of one colour each.
    private func images(from first: Int) -> Tensor {
        let colours = Self.normal("image", from: first, [3, 4, 4]).reshaped([Self.batch, 4, 1, 4, 1, 3]) / 2
        return (colours + Tensor.zeros([Self.batch, 4, 8, 4, 8, 3])).reshaped([Self.batch, 32, 32, 3])
    }

    /// Numbers of the samples from an index on, each of `shape` with its channels first, with the channels put last.
    private static func normal(_ name: String, from first: Int, _ shape: Shape) -> Tensor {
        let numbers = NamedNumbers(name)
        let values = (shape.count * first..<shape.count * (first + batch)).map { numbers.normal($0) }
        return Tensor(values, Shape([batch] + shape.dimensions)).permuted([0, 2, 3, 1])
    }
}

private func unetSmall() throws -> Workload {
    try #require(Workload.all.first { $0.name == "unet-small" })
}

@Suite("The loss curve of unet-small")
struct LossCurveTests {
    @Test("starts from the numbers that PyTorch starts from, bit by bit")
    func startingValues() throws {
        let golden = try Golden("loss_curve")
        let workload = try unetSmall()
        let scope = ParameterScope()
        _ = try workload.network.loss(scope, image: workload.image, classes: workload.classes)
        for name in golden.names where name != "loss" {
            let parameter = try #require(scope.layout[name])
            expectClose(NamedNumbers.startingValue(parameter), try golden.floats(name), .exact, name)
        }
    }

    // PyTorch in float32 strays up to 7.2e-7 from float64 on these steps; weight decay of biases and norms, a mistake
    // that shows in little else, moves the loss by 9e-6 within four.
    @Test("is that of PyTorch, step by step")
    func fiftySteps() throws {
        let expected = try Golden("loss_curve").floats("loss").map { Double($0) }
        var curve = try LossCurve()
        let found = expected.indices.map { curve.step($0) }
        expectClose(found, expected, Tolerance(relative: 5e-6))
    }
}
