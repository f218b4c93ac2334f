import Buffers
import Configs
import Networks
import Tensors
import TestSupport
import Testing

/// A model run on the inputs of a golden file: output, activations and gradients of `sum(output * cot)`.
struct ModelGolden {
    let golden: Golden
    let layout: ParameterLayout
    let model: any Denoiser
    let parameters: FlatBuffer
    let gradients: FlatBuffer
    let output: Tensor
    let taps: [String: Tensor]

    /// Sources of a parameter in the file.
    typealias Names = Golden.Names

    /// Builds the model for images `[8, 8, 1]` and runs it; label 10 of the file is "no class".
    init(_ file: String, _ definition: any ModelDefinition, classes: Int, names: Names = { [$0] }) throws {
        golden = try Golden(file)
        try definition.validate()
        let scope = ParameterScope()
        model = try definition.build(scope, image: [8, 8, 1], classes: classes)
        layout = scope.layout
        parameters = try golden.parameters(layout, names: names)
        gradients = FlatBuffer(count: layout.count)
        let tape = Tape()
        let context = ForwardContext(
            parameters: parameters,
            tape: tape,
            isTraining: false,
            random: RandomStream(seed: 0, purpose: .dropout, index: 0)
        )
        context.taps = [:]
        let labels = golden.names.contains("in/class_labels") ? try golden.tensor("in/class_labels").integers : nil
        let condition = Condition(labels: labels.map { $0.map { $0 == 10 ? Condition.dropped : Int($0) } })
        output = model(
            try golden.image("in/sample"),
            noiseLabel: Tensor(try golden.floats("in/timestep"), [2]),
            condition: condition,
            context
        )
        taps = context.taps ?? [:]
        tape.backward((output * (try golden.image("in/cot"))).sum(), into: gradients, of: parameters)
    }

    /// Compares the output with the file.
    func expectOutput() throws {
        let expected = try golden.image("out/sample").floats
        expectClose(output.floats, expected, .ofLargest(2e-5, expected), "output")
    }

    /// Compares an activation with one of the file, in which images have their channels first.
    func expectActivation(_ tap: String, _ name: String) throws {
        try golden.expectActivation(tap, name, in: taps)
    }

    /// Compares the gradient of every parameter, and that the file has no other.
    func expectGradients(names: Names = { [$0] }) throws {
        try golden.expectGradients(gradients, layout, names: names)
    }
}
