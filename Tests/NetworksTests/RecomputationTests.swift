import Buffers
import Configs
import Networks
import Tensors
import TestSupport
import Testing

@Suite("Recomputed blocks")
struct RecomputationTests {
    /// What a training pass gives, and the most memory it took.
    private struct Pass {
        var output: [Float]
        var gradients: [Float]
        var ready: [Range<Int>]
        /// The next random number of the pass.
        var random: UInt64
        var taps: [String: [Float]]
        var peak: Int
    }

    private static var dit: DiT {
        var model = DiT()
        (model.width, model.depth, model.heads) = (32, 4, 4)
        return model
    }

    private static var unet: UNet {
        var model = UNet()
        model.blockOutChannels = [8, 16, 16]
        model.downBlockTypes = [.plain, .attention, .plain]
        model.upBlockTypes = [.plain, .attention, .plain]
        model.normNumGroups = 4
        model.dropout = 0.25
        return model
    }

    private func pass(
        _ definition: any ModelDefinition,
        _ blocks: [String],
        perSample: Bool = false
    ) throws -> Pass {
        let run = try ModelRun(definition, image: [12, 12, 1], classes: 2)
        let backend = CPUBackend(threads: 1)
        return Compute.$backend.withValue(backend) {
            let tape = Tape()
            let context = ModelRun.context(run.parameters, tape: tape, isTraining: true)
            context.recomputedBlocks = Set(blocks)
            context.taps = [:]
            if perSample {
                context.sampleRandoms = (0..<4).map { RandomStream(seed: 9, purpose: .dropout, index: $0) }
            }
            let output = run.model(
                run.noise([4, 12, 12, 1]),
                noiseLabel: run.labels(4),
                condition: run.condition(4),
                context
            )
            let taps = (context.taps ?? [:]).mapValues(\.floats)
            context.taps = nil
            let gradients = FlatBuffer(count: run.parameters.count)
            var ready: [Range<Int>] = []
            let loss = (output * run.noise(output.shape, seed: 8)).sum()
            tape.backward(loss, into: gradients, of: run.parameters) { ready.append($0) }
            return Pass(
                output: output.floats,
                gradients: gradients.floats,
                ready: ready,
                random: context.random.next(),
                taps: taps,
                peak: backend.counters.peakBytes
            )
        }
    }

    private func expectSame(_ definition: any ModelDefinition, _ blocks: [String], perSample: Bool = false) throws {
        let kept = try pass(definition, [], perSample: perSample)
        let recomputed = try pass(definition, blocks, perSample: perSample)
        #expect(kept.gradients.contains { $0 != 0 } && kept.gradients.allSatisfy(\.isFinite))
        #expect(recomputed.output == kept.output)
        #expect(recomputed.gradients == kept.gradients)
        #expect(recomputed.random == kept.random)
        #expect(recomputed.taps == kept.taps)
        #expect(Set(recomputed.ready) == Set(kept.ready))
        #expect(recomputed.ready.count == kept.ready.count)
        #expect(recomputed.peak < kept.peak)
    }

    @Test("give a transformer the same bits for less memory")
    func transformer() throws {
        try expectSame(Self.dit, ["blocks"])
        #expect(try pass(Self.dit, ["blocks"]).peak * 2 < pass(Self.dit, []).peak)
        var separate = Self.dit
        separate.variant = .diffusers
        try expectSame(separate, ["blocks"])
    }

    @Test("give a convolutional network with dropout the same bits for less memory", arguments: [false, true])
    func convolutions(perSample: Bool) throws {
        try expectSame(Self.unet, UNet.blocks, perSample: perSample)
        for block in UNet.blocks.filter({ $0 != "mid_block" }) {
            try expectSame(Self.unet, [block], perSample: perSample)
        }
        #expect(try pass(Self.unet, []).gradients == pass(Self.unet, ["mid_block"]).gradients)
    }

    @Test("give an autoencoder the same bits for less memory")
    func autoencoder() throws {
        var definition = AutoencoderKL()
        (definition.blockOutChannels, definition.normNumGroups) = ([8, 16], 4)
        let scope = ParameterScope()
        let model = try definition.build(scope, image: [8, 8, 3])
        let parameters = ModelRun.values(scope.layout, seed: 1)
        func gradients(_ blocks: [String]) -> (values: [Float], peak: Int) {
            let backend = CPUBackend(threads: 1)
            let values = Compute.$backend.withValue(backend) {
                let tape = Tape()
                let context = ModelRun.context(parameters, tape: tape)
                context.recomputedBlocks = Set(blocks)
                var random = RandomStream(seed: 5, purpose: .noise, index: 0)
                let images = Tensor(random.normal([2, 8, 8, 3]))
                let decoded = model.decode(model.encode(images, context).mean, context)
                let gradients = FlatBuffer(count: parameters.count)
                tape.backward((decoded - images).squared().sum(), into: gradients, of: parameters)
                return gradients.floats
            }
            return (values, backend.counters.peakBytes)
        }
        let (kept, recomputed) = (gradients([]), gradients(AutoencoderKL.blocks))
        #expect(recomputed.values == kept.values)
        #expect(recomputed.peak < kept.peak)
    }

    @Test("pass gradients to inputs while parameters are held constant")
    func heldParameters() throws {
        let run = try ModelRun(Self.dit, image: [8, 8, 1], classes: 2)
        func gradients(_ blocks: [String]) -> [Float] {
            let tape = Tape()
            let x = tape.watch(run.noise([2, 8, 8, 1]))
            let context = ForwardContext(
                parameters: run.parameters,
                tape: tape,
                isTraining: true,
                random: RandomStream(seed: 3, purpose: .dropout, index: 0),
                isTrainable: false
            )
            context.recomputedBlocks = Set(blocks)
            let output = run.model(x, noiseLabel: run.labels(2), condition: run.condition(2), context)
            return tape.gradients(of: output, withRespectTo: [x])[0].floats
        }
        #expect(gradients(["blocks"]) == gradients([]))
    }

    @Test("collect activations that are named within them once")
    func taps() {
        let parameters = FlatBuffer([2])
        let tape = Tape()
        let context = ModelRun.context(parameters, tape: tape)
        context.recomputedBlocks = ["outer", "inner"]
        context.taps = [:]
        let x = tape.watch(Tensor([3], [1]))
        let result = context.block("outer", [x]) { inputs, context in
            let inner = context.block("inner", inputs) { $1.tap("square", $0[0].squared()) }
            return context.tap("cube", inner * inputs[0])
        }
        #expect(context.taps?.mapValues(\.item) == ["square": 9, "cube": 27])
        #expect(tape.gradients(of: result, withRespectTo: [x])[0].item == 27)
        #expect(context.taps?.count == 2)
    }
}
