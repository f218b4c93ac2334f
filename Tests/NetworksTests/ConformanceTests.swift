import Buffers
import Configs
import Networks
import Tensors
import TestSupport
import Testing

@Suite("Every model")
struct ModelConformanceTests {
    private func run(_ name: String, image: Shape = [8, 8, 1], classes: Int = 2) throws -> ModelRun {
        let type = try #require(Models.method(named: name))
        let definition = try #require(type.init() as? any ModelDefinition)
        return try ModelRun(definition, image: image, classes: classes)
    }

    @Test("answers images of the size it is given", arguments: Models.methodNames)
    func shapes(name: String) throws {
        for (image, classes) in [([8, 8, 1], 2), ([16, 16, 3], 0)] as [(Shape, Int)] {
            let run = try run(name, image: image, classes: classes)
            let shape = Shape([2] + image.dimensions)
            #expect(run.model.inputChannels == image[2])
            #expect(run.answer(shape).shape == shape.replacing(axis: 3, with: run.model.outputChannels))
        }
    }

    @Test("names every parameter once and the same way each time", arguments: Models.methodNames)
    func names(name: String) throws {
        let first = try run(name).scope.layout
        #expect(Set(first.parameters.map(\.name)).count == first.parameters.count)
        #expect(try run(name).scope.layout.digest == first.digest)
        #expect(first.parameters.allSatisfy { $0.decay == ($0.name.hasSuffix(".weight") && isMatrix($0)) })
    }

    private func isMatrix(_ spec: ParameterSpec) -> Bool {
        spec.shape.rank > 1 && !spec.name.contains("embedding.weight") && !spec.name.contains("embedding_table")
    }

    @Test("lets a gradient reach every parameter, the input and the noise label", arguments: Models.methodNames)
    func gradients(name: String) throws {
        let run = try run(name)
        let tape = Tape()
        let context = ModelRun.context(run.parameters, tape: tape)
        let labels = Condition(labels: [0, 1, Condition.dropped])
        let output = run.model(run.noise([3, 8, 8, 1]), noiseLabel: run.labels(3), condition: labels, context)
        let gradients = FlatBuffer(count: run.parameters.count)
        tape.backward((output * run.noise(output.shape, seed: 8)).sum(), into: gradients, of: run.parameters)
        for spec in run.scope.layout.parameters {
            let values = gradients.view(spec.range, shape: spec.shape).floats
            #expect(values.contains { $0 != 0 }, "\(spec.name)")
        }
        #expect(gradients.isFinite)

        let inputs = Tape()
        let x = inputs.watch(run.noise([2, 8, 8, 1]))
        let noiseLabel = inputs.watch(run.labels(2))
        let held = ForwardContext(
            parameters: run.parameters,
            tape: inputs,
            isTraining: false,
            random: context.random,
            isTrainable: false
        )
        let answer = run.model(x, noiseLabel: noiseLabel, condition: run.condition(2), held)
        let found = inputs.gradients(of: answer, withRespectTo: [x, noiseLabel])
        #expect(found.allSatisfy { gradient in gradient.floats.allSatisfy { $0 != 0 && $0.isFinite } })
    }

    @Test("treats the samples of a batch independently", arguments: Models.methodNames)
    func independent(name: String) throws {
        let run = try run(name)
        let x = run.noise([3, 8, 8, 1])
        let whole = run.answer(x, run.parameters)
        for index in 0..<3 {
            let alone = run.model(
                x.slice(axis: 0, index..<index + 1),
                noiseLabel: run.labels(3).slice(axis: 0, index..<index + 1),
                condition: run.condition(3).rows(index..<index + 1),
                ModelRun.context(run.parameters)
            )
            let expected = whole.slice(axis: 0, index..<index + 1).floats
            expectClose(alone.floats, expected, .ofLargest(2e-6, expected))
        }
    }

    @Test("computes with another parameter buffer in the same step", arguments: Models.methodNames)
    func otherBuffers(name: String) throws {
        let run = try run(name)
        let teacher = ModelRun.values(run.scope.layout, seed: 99)
        let x = run.noise([1, 8, 8, 1])
        let alone = run.answer(x, teacher).floats
        let tape = Tape()
        let student = ModelRun.context(run.parameters, tape: tape)
        let other = ModelRun.context(teacher, tape: tape)
        let first = run.model(x, noiseLabel: run.labels(1), condition: run.condition(1), student)
        let second = run.model(x, noiseLabel: run.labels(1), condition: run.condition(1), other)
        #expect(second.floats == alone)
        let gradients = FlatBuffer(count: run.parameters.count)
        tape.backward((first - second.stopGradient).squared().sum(), into: gradients, of: run.parameters)
        #expect(gradients.squaredNorm > 0)
    }

    @Test("takes a dropped label for no class, as it takes no labels at all", arguments: Models.methodNames)
    func dropped(name: String) throws {
        let run = try run(name)
        let x = run.noise([2, 8, 8, 1])
        func answer(_ labels: [Int]?) -> [Float] {
            run.model(
                x,
                noiseLabel: run.labels(2),
                condition: Condition(labels: labels),
                ModelRun.context(run.parameters)
            ).floats
        }
        #expect(answer([Condition.dropped, Condition.dropped]) == answer(nil))
        #expect(answer([0, 0]) != answer(nil))
        #expect(answer([0, 0]) != answer([1, 1]))
    }

    @Test("starts from the same numbers for the same seed", arguments: Models.methodNames)
    func seeds(name: String) throws {
        let scope = try run(name).scope
        #expect(scope.initialize(seed: 1).floats == scope.initialize(seed: 1).floats)
        #expect(scope.initialize(seed: 1).floats != scope.initialize(seed: 2).floats)
        #expect(scope.initialize(seed: 1).isFinite)
    }
}
