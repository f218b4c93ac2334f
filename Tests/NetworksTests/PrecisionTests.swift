import Buffers
import Configs
import Networks
import Tensors
import TestSupport
import Testing

@Suite("Every model in bfloat16")
struct ModelPrecisionTests {
    private var half: Precision {
        var precision = Precision()
        precision.compute = .bfloat16
        return precision
    }

    /// The answer and the gradient of its sum of products with noise.
    private func pass(_ run: ModelRun, _ precision: Precision) -> (answer: Tensor, gradients: FlatBuffer) {
        let tape = Tape()
        let context = ForwardContext(
            weights: ComputeWeights(run.parameters, precision),
            tape: tape,
            isTraining: false,
            random: RandomStream(seed: 3, purpose: .dropout, index: 0)
        )
        let x = run.noise([2, 8, 8, 1])
        let answer = run.model(x, noiseLabel: run.labels(2), condition: run.condition(2), context)
        let gradients = FlatBuffer(count: run.parameters.count)
        tape.backward((answer * run.noise(answer.shape, seed: 8)).sum(), into: gradients, of: run.parameters)
        return (answer, gradients)
    }

    private func run(_ name: String) throws -> ModelRun {
        let type = try #require(Models.method(named: name))
        let definition = try #require(type.init() as? any ModelDefinition)
        return try ModelRun(definition, image: [8, 8, 1], classes: 2)
    }

    // Some tens of roundings of up to 2^-8 each on the way through a network; they are independent, so their roots of sums of squares count.
    @Test("answers and differentiates about as in float32", arguments: Models.methodNames)
    func agrees(name: String) throws {
        let run = try run(name)
        let (wide, narrow) = (pass(run, Precision()), pass(run, half))
        #expect(narrow.answer.dtype == .float32)
        expectClose(narrow.answer.floats, wide.answer.floats, .ofLargest(0.05, wide.answer.floats))
        let difference = FlatBuffer(copying: narrow.gradients)
        difference.add(wide.gradients, scale: -1)
        #expect(difference.squaredNorm < 0.05 * 0.05 * wide.gradients.squaredNorm)
        #expect(difference.squaredNorm > 0, "nothing was rounded")
    }

    @Test("gives the same bits with any number of threads", arguments: Models.methodNames)
    func threads(name: String) throws {
        let run = try run(name)
        let results = [1, 2, 5].map { threads in
            Compute.$backend.withValue(CPUBackend(threads: threads)) {
                let result = pass(run, half)
                return result.answer.floats + result.gradients.floats
            }
        }
        #expect(results[0] == results[1] && results[0] == results[2])
    }

    @Test("reads weights that were converted before, not the parameters as they are now")
    func convertsOnce() throws {
        let run = try run("dit")
        let weights = ComputeWeights(run.parameters, half)
        let changed = FlatBuffer(copying: run.parameters)
        func answer(_ weights: ComputeWeights) -> [Float] {
            let random = RandomStream(seed: 3, purpose: .dropout, index: 0)
            let context = ForwardContext(weights: weights, tape: nil, isTraining: false, random: random)
            return run.model(
                run.noise([1, 8, 8, 1]),
                noiseLabel: run.labels(1),
                condition: run.condition(1),
                context
            ).floats
        }
        #expect(answer(weights) == answer(ComputeWeights(changed, half)))
        changed.scale(by: 1.5)
        #expect(answer(weights) != answer(ComputeWeights(changed, half)))
    }
}
