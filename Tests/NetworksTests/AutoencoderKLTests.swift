import Buffers
import Configs
import Networks
import Tensors
import TestSupport
import Testing

@Suite("The autoencoder")
struct AutoencoderKLTests {
    private var tiny: AutoencoderKL {
        var definition = AutoencoderKL()
        definition.blockOutChannels = [8, 16]
        definition.layersPerBlock = 1
        definition.latentChannels = 2
        definition.normNumGroups = 4
        return definition
    }

    private func build(_ definition: AutoencoderKL, image: Shape) throws -> (Autoencoder, ParameterLayout) {
        try definition.validate()
        let scope = ParameterScope()
        return (try definition.build(scope, image: image), scope.layout)
    }

    private func noise(_ shape: Shape, seed: UInt64 = 5) -> Tensor {
        var random = RandomStream(seed: seed, purpose: .noise, index: 0)
        return Tensor(random.normal(shape))
    }

    @Test("answers what the reference network answers, with the same activations and gradients")
    func golden() throws {
        let golden = try Golden("autoencoder_kl_tiny")
        let (model, layout) = try build(tiny, image: [8, 8, 1])
        let parameters = try golden.parameters(layout)
        let tape = Tape()
        let context = ModelRun.context(parameters, tape: tape)
        context.taps = [:]
        let distribution = model.encode(try golden.image("in/sample"), context)
        let latent = distribution.sample(try golden.image("in/noise"))
        let decoded = model.decode(latent, context)
        let images = [
            ("mean", distribution.mean), ("logvar", distribution.logVariance), ("latent", latent), ("decoded", decoded),
        ]
        for (name, found) in images {
            let expected = try golden.image("out/\(name)").floats
            expectClose(found.floats, expected, .ofLargest(2e-5, expected), name)
        }
        let divergence = try golden.floats("out/kl")
        expectClose(distribution.divergence().floats, divergence, .ofLargest(2e-5, divergence), "kl")
        let activations = ["encoder.down_blocks.0", "encoder.mid_block", "quant_conv", "decoder.conv_in"]
        for name in activations + ["decoder.mid_block"] {
            try golden.expectActivation(name, name, in: try #require(context.taps))
        }
        let gradients = FlatBuffer(count: layout.count)
        tape.backward((decoded * (try golden.image("in/cot"))).sum(), into: gradients, of: parameters)
        try golden.expectGradients(gradients, layout)
    }

    @Test("has the 248 parameters of KL-F8, by name and shape")
    func publishedNames() throws {
        var definition = AutoencoderKL()
        definition.blockOutChannels = [128, 256, 512, 512]
        definition.normNumGroups = 32
        #expect(definition.reduction == 8)
        let (_, layout) = try build(definition, image: [512, 512, 3])
        let found = layout.parameters.map { spec in
            ([spec.name] + spec.shape.dimensions.map(String.init)).joined(separator: " ")
        }
        #expect(found.count == 248)
        #expect(layout.count == 83_653_863)
        #expect(found.sorted() == (try Golden.lines("kl_f8.keys")).sorted())
    }

    @Test("decays the weights of its layers and nothing else")
    func decay() throws {
        let (_, layout) = try build(tiny, image: [8, 8, 1])
        for spec in layout.parameters {
            #expect(spec.decay == (spec.name.hasSuffix(".weight") && spec.shape.rank > 1), "\(spec.name)")
        }
    }

    @Test("answers latents of the reduced size and images of the size it was given")
    func shapes() throws {
        var definition = tiny
        definition.blockOutChannels = [4, 8, 8]
        definition.inChannels = 2
        definition.outChannels = 5
        let (model, layout) = try build(definition, image: [8, 8, 3])
        #expect([model.inputChannels, model.outputChannels, model.latentChannels] == [2, 5, 2])
        let context = ModelRun.context(ModelRun.values(layout, seed: 1))
        for (rows, columns) in [(8, 8), (4, 12), (16, 8)] {
            let distribution = model.encode(noise([2, rows, columns, 2]), context)
            #expect(distribution.mean.shape == [2, rows / 4, columns / 4, 2])
            #expect(distribution.logVariance.shape == distribution.mean.shape)
            #expect(model.decode(distribution.mean, context).shape == [2, rows, columns, 5])
        }
        #expect(model.encode(noise([1, 11, 9, 2]), context).mean.shape == [1, 2, 2, 2])
    }

    @Test("treats the samples of a batch independently")
    func independent() throws {
        let (model, layout) = try build(tiny, image: [8, 8, 1])
        let context = ModelRun.context(ModelRun.values(layout, seed: 1))
        let x = noise([3, 8, 8, 1])
        let whole = model.decode(model.encode(x, context).mean, context)
        for index in 0..<3 {
            let row = x.slice(axis: 0, index..<index + 1)
            let expected = whole.slice(axis: 0, index..<index + 1).floats
            let alone = model.decode(model.encode(row, context).mean, context)
            expectClose(alone.floats, expected, .ofLargest(2e-6, expected))
        }
    }

    @Test("leaves out the layers it is told to leave out")
    func optionalLayers() throws {
        let (_, whole) = try build(tiny, image: [8, 8, 1])
        var definition = tiny
        definition.useQuantConv = false
        definition.usePostQuantConv = false
        definition.midBlockAddAttention = false
        let (model, layout) = try build(definition, image: [8, 8, 1])
        let left = Set(whole.parameters.map(\.name)).subtracting(layout.parameters.map(\.name))
        #expect(left.count == 2 * 10 + 4)
        #expect(left.allSatisfy { $0.contains("attentions.0.") || $0.contains("quant_conv.") })
        let context = ModelRun.context(ModelRun.values(layout, seed: 1))
        #expect(model.decode(model.encode(noise([1, 8, 8, 1]), context).mean, context).shape == [1, 8, 8, 1])
    }

    @Test("keeps the logarithm of a variance in bounds that float32 can hold")
    func bounds() throws {
        let (model, layout) = try build(tiny, image: [8, 8, 1])
        let start = ModelRun.values(layout, seed: 1)
        var values = start.floats
        let bias = try #require(layout["quant_conv.bias"])
        values.replaceSubrange(bias.range, with: [0, 0, -1000, 1000])
        let distribution = model.encode(noise([1, 8, 8, 1]), ModelRun.context(FlatBuffer(values)))
        let pairs = distribution.logVariance.floats
        #expect(stride(from: 0, to: pairs.count, by: 2).allSatisfy { pairs[$0] == -30 && pairs[$0 + 1] == 20 })
        #expect(distribution.divergence().floats.allSatisfy { $0.isFinite })
    }

    @Test("measures the divergence from the standard normal distribution and its gradient")
    func divergence() {
        let tape = Tape()
        let mean = tape.watch(Tensor([0, 2, 0, 1], [2, 1, 1, 2]))
        let logVariance = tape.watch(Tensor([0, 0, 1, -1], [2, 1, 1, 2]))
        let found = LatentDistribution(mean: mean, logVariance: logVariance).divergence()
        let e: Float = 2.718_281_8
        expectClose(found.floats, [2, (e + 1 / e - 1) / 2], Tolerance(absolute: 1e-6))
        let gradients = tape.gradients(of: found.sum(), withRespectTo: [mean, logVariance])
        #expect(gradients[0].floats == [0, 2, 0, 1])
        expectClose(gradients[1].floats, [0, 0, (e - 1) / 2, (1 / e - 1) / 2], Tolerance(absolute: 1e-6))
    }

    @Test(
        "names the mistake in sizes that do not fit",
        arguments: [
            ("block_out_channels: [32, 60]", "multiples of norm_num_groups 8"),
            ("block_out_channels: []", "1 to 10 levels"),
            ("layers_per_block: 0", "from 1 to 32"),
            ("latent_channels: 0", "from 1 to"),
            ("norm_num_groups: 0", "from 1 to"),
            ("in_channels: -1", "from 0 to"),
            ("latent_chanels: 4", "latent_channels"),
        ]
    )
    func refuses(line: String, words: String) {
        let error = #expect(throws: ConfigError.self) {
            try ConfigDecoder.decode(AutoencoderKL.self, from: line, file: "a.yaml")
        }
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    }

    @Test("refuses images that cannot be halved so often without a rest")
    func refusesImages() {
        let error = #expect(throws: ConfigError.self) {
            try tiny.build(ParameterScope(), image: [8, 9, 1])
        }
        #expect(error?.description.contains("as many levels as images of 8 by 9 pixels can be halved") == true)
    }
}
