import Buffers
import Configs
import Networks
import Tensors
import TestSupport
import Testing

/// A model with parameters of which none is degenerate, as zeros would hide mistakes.
struct ModelRun {
    let scope = ParameterScope()
    let model: any Denoiser
    let parameters: FlatBuffer
    let hasClasses: Bool

    init(_ definition: any ModelDefinition, image: Shape, classes: Int) throws {
        try definition.validate()
        model = try definition.build(scope, image: image, classes: classes)
        hasClasses = classes > 0
        parameters = ModelRun.values(scope.layout, seed: 1)
    }

    /// Normal weights that keep the size of activations, shifts near 0 and scales near 1.
    static func values(_ layout: ParameterLayout, seed: UInt64) -> FlatBuffer {
        var values: [Float] = []
        for (index, spec) in layout.parameters.enumerated() {
            var random = RandomStream(seed: seed, purpose: .initialization, index: UInt64(index))
            let fan = Float(spec.shape.dimensions.dropFirst().reduce(1, *))
            let deviation: Float = spec.shape.rank > 1 ? 1 / fan.squareRoot() : 0.2
            let mean: Float = spec.name.contains("norm") && spec.name.hasSuffix("weight") ? 1 : 0
            values += random.normal(spec.shape).floats.map { mean + deviation * $0 }
        }
        return FlatBuffer(values)
    }

    /// A context that records nothing.
    static func context(_ parameters: FlatBuffer, tape: Tape? = nil, isTraining: Bool = false) -> ForwardContext {
        ForwardContext(
            parameters: parameters,
            tape: tape,
            isTraining: isTraining,
            random: RandomStream(seed: 3, purpose: .dropout, index: 0)
        )
    }

    func noise(_ shape: Shape, seed: UInt64 = 5) -> Tensor {
        var random = RandomStream(seed: seed, purpose: .noise, index: 0)
        return Tensor(random.normal(shape))
    }

    /// The noise labels of a batch, all different.
    func labels(_ batch: Int) -> Tensor {
        Tensor((0..<batch).map { Float(37 * $0 + 11) }, [batch])
    }

    /// The condition of a batch: classes 0, 1, 0, 1, ..., if the model has any.
    func condition(_ batch: Int) -> Condition {
        Condition(labels: hasClasses ? (0..<batch).map { $0 % 2 } : nil)
    }

    func answer(_ x: Tensor, _ parameters: FlatBuffer) -> Tensor {
        let batch = x.shape[0]
        return model(x, noiseLabel: labels(batch), condition: condition(batch), Self.context(parameters))
    }

    func answer(_ shape: Shape, _ parameters: FlatBuffer? = nil) -> Tensor {
        answer(noise(shape), parameters ?? self.parameters)
    }
}
