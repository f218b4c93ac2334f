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

    /// Sources of a parameter in the file: tensors to stack along the first axis.
    typealias Names = (_ parameter: String) -> [String]

    /// Builds the model for images `[8, 8, 1]` and runs it; label 10 of the file is "no class".
    init(_ file: String, _ definition: any ModelDefinition, classes: Int, names: Names = { [$0] }) throws {
        golden = try Golden(file)
        try definition.validate()
        let scope = ParameterScope()
        model = try definition.build(scope, image: [8, 8, 1], classes: classes)
        layout = scope.layout
        var values: [Float] = []
        for parameter in layout.parameters {
            for source in names(parameter.name) { values += try golden.floats("w/\(source)") }
        }
        try #require(values.count == layout.count)
        parameters = FlatBuffer(values)
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
            try Self.image(golden, "in/sample"),
            noiseLabel: Tensor(try golden.floats("in/timestep"), [2]),
            condition: condition,
            context
        )
        taps = context.taps ?? [:]
        tape.backward((output * (try Self.image(golden, "in/cot"))).sum(), into: gradients, of: parameters)
    }

    /// An image of the file with its channels put last.
    static func image(_ golden: Golden, _ name: String) throws -> Tensor {
        Tensor(try golden.tensor(name)).permuted([0, 2, 3, 1])
    }

    /// Compares the output with the file.
    func expectOutput() throws {
        let expected = try Self.image(golden, "out/sample").floats
        expectClose(output.floats, expected, .ofLargest(2e-5, expected), "output")
    }

    /// Compares an activation with one of the file, in which images have their channels first.
    func expectActivation(_ tap: String, _ name: String) throws {
        let found = try #require(taps[tap], "the model names no activation \(tap)")
        let isImage = try golden.tensor("act/\(name)").shape.rank == 4
        let expected = isImage ? try Self.image(golden, "act/\(name)").floats : try golden.floats("act/\(name)")
        expectClose(found.floats, expected, .ofLargest(2e-5, expected), tap)
    }

    /// Compares the gradient of every parameter, and that the file has no other.
    func expectGradients(names: Names = { [$0] }) throws {
        var used: Set<String> = []
        for parameter in layout.parameters {
            let sources = names(parameter.name)
            let expected = try sources.flatMap { try golden.floats("grad/\($0)") }
            let found = gradients.view(parameter.range, shape: parameter.shape).floats
            expectClose(found, expected, .ofLargest(1e-4, expected), parameter.name)
            used.formUnion(sources)
        }
        let all = golden.names.filter { $0.hasPrefix("grad/") }.map { String($0.dropFirst(5)) }
        #expect(used == Set(all))
    }
}
